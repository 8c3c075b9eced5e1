# SPDX-License-Identifier: GPL-2.0-only
"""The list of faults. Each is a function of the stage, the traffic and a random generator, that makes one thing go wrong."""
import dataclasses
import typing


@dataclasses.dataclass
class Fault:
    """LOSES: frames behind the moved port may be lost, by its cable being taken away. PASSES: flagged ones of it may pass, which
    cannot be prevented and is measured. COPIES: some that were made may not get behind the mirror port, whose cable it is about.
    BYPASSES: flagged frames pass by order, and are counted as such."""
    name: str
    act: typing.Callable
    loses: bool = False
    passes: bool = False
    copies: bool = False
    bypasses: bool = False


FAULTS = []


def fault(name, **what):
    """Decorator: puts a function on the list."""
    def add(act):
        FAULTS.append(Fault(name, act, **what))
        return act
    return add

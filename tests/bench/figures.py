# SPDX-License-Identifier: GPL-2.0-only
"""Numbers as this benchmark tells them: medians with their spread, and no ratio where one side is too noisy."""
import statistics

NOISE = 0.10  # an interquartile range over this part of the median makes a side too noisy for a ratio
TOO_NOISY = "too noisy"


class Figure:
    """One measured thing: every run, in one unit."""

    def __init__(self, values, unit):
        self.values = [float(v) for v in values]
        self.unit = unit
        self.median = statistics.median(self.values)
        self.low, self.high = self._quartiles()

    def _quartiles(self):
        if len(self.values) < 2:
            return self.median, self.median
        first, _, third = statistics.quantiles(self.values, n=4, method="inclusive")
        return first, third

    @property
    def iqr(self):
        return self.high - self.low

    @property
    def noisy(self):
        return self.median == 0 or self.iqr > NOISE * abs(self.median)

    def text(self):
        if len(self.values) == 1:
            return f"{number(self.median)} {self.unit} (once)"
        return f"{number(self.median)} {self.unit} ({number(self.low)} to {number(self.high)}, {len(self.values)} runs)"

    def json(self):
        return {"unit": self.unit, "median": self.median, "q1": self.low, "q3": self.high, "runs": self.values}


def number(value):
    """With as many digits as mean something."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f} M"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio(a, b):
    """A over B, or None where a side's spread forbids it."""
    return None if a.noisy or b.noisy else a.median / b.median


def ratio_text(a, b):
    value = ratio(a, b)
    return TOO_NOISY if value is None else f"{value:.2f}"


def difference(pairs, unit):
    """What the second of each pair is more than the first: both were measured one after the other."""
    return Figure([b - a for a, b in pairs], unit)


class Row:
    """A line of the report: what, the figure, its target and whether it is met."""

    def __init__(self, part, name, figure=None, target=None, met=None, beside=(), note=""):
        self.part, self.name, self.figure, self.target, self.met = part, name, figure, target, met
        self.beside = list(beside)  # (name, Figure)
        self.note = note

    def verdict(self):
        if self.target is None:
            return ""
        return "not judged" if self.met is None else "met" if self.met else "**missed**"

    def json(self):
        return {"part": self.part, "name": self.name, "figure": self.figure and self.figure.json(), "target": self.target,
                "met": self.met, "beside": {name: figure.json() for name, figure in self.beside}, "note": self.note}


def at_most(part, name, figure, limit, **more):
    return Row(part, name, figure, f"<= {limit:g} {figure.unit}", figure.median <= limit, **more)


def at_least_ratio(part, name, a, b, limit, **more):
    """A ratio of two sides; not judged when one is too noisy."""
    value = ratio(a, b)
    note = f"ratio {ratio_text(a, b)}" + (f"; {more.pop('note')}" if more.get("note") else "")
    return Row(part, name, a, f">= {limit:g} x", None if value is None else value >= limit, note=note, **more)

# SPDX-License-Identifier: GPL-2.0-only
"""Hostile deliveries: signatures. Every signature begins as one that minisign made."""
import base64

import pytest

import hostile as table
from daemonsite import feed_text, rfc3339
from hostile import Case, edit_line, edit_packed, flip
from netsite import run


def edited(edit, who="ours"):
    """The next edition, whose signature was edited."""
    return lambda f: f.sign(f.text(11, f.macs(1)), who, edit=edit)


def unsigned(f):
    f.signature().unlink()
    f.put(f.text(11, f.macs(1)))


def changed_after(f):
    f.put_signature(f.make_signature(f.text(11, f.macs(4))))
    f.put(f.text(11, f.macs(1)))


def old_signature(f):
    """The signature of the edition in force stays beside a new one."""
    f.put(f.text(11, f.macs(1)))


def swapped(f):
    """Another list's feed with its own good signature, both put in this one's place."""
    f.sign(feed_text("swapped-from", 11, f.macs(1), expires=rfc3339(4e9)))


def stranger_with_our_id(f):
    ours = base64.b64decode(f.make_signature("x").split(b"\n")[1])[2:10]
    f.sign(f.text(11, f.macs(1)), "stranger", edit=edit_packed(lambda p: bytes(p[:2]) + ours + bytes(p[10:])))


def pretending_legacy(f):
    """The hash's signature, said to be the feed's own."""
    edited(edit_packed(lambda p: b"Ed" + bytes(p[2:])))(f)


def linked(f):
    """A good signature behind a symbolic link: not followed, whoever made the link chose what is read."""
    text = f.text(11, f.macs(1))
    f.put_signature(f.make_signature(text))
    f.signature().rename(f.signature().with_suffix(".real"))
    f.signature().symlink_to(f.signature().with_suffix(".real"))
    f.put(text)


def public_key(f):
    return lambda _data: f.site.folder.joinpath("ours.pub").read_bytes()


def delta(f):
    return f.text(11, f.macs(1, 9), since=10)


def comment(text):
    return edit_line(2, lambda line: line + text)


CASES = [
    Case("unsigned", unsigned, "there is no such file, but the feed must be signed"),
    Case("stranger", edited(None, "stranger"), "not among the feed's public-keys"),
    Case("strangers-with-our-id", stranger_with_our_id, "trusted comment"),
    Case("changed-after", changed_after, "does not fit the feed"),
    Case("old-signature", old_signature, "does not fit the feed"),
    Case("signature-bit", edited(edit_packed(flip(40))), "trusted comment"),
    Case("comment-signature-bit", edited(edit_line(3, lambda g: base64.b64encode(flip(9)(bytearray(base64.b64decode(g)))))),
         "trusted comment"),
    Case("comment-changed", edited(comment(b" and more")), "trusted comment"),
    Case("comment-zero-byte", edited(comment(b"\0")), "not a minisign"),
    Case("unknown-algorithm", edited(edit_packed(lambda p: b"XX" + bytes(p[2:]))), "unknown algorithm"),
    Case("pretending-legacy", pretending_legacy, "does not fit the feed"),
    Case("cut-off", edited(lambda d: b"\n".join(d.split(b"\n")[:3]) + b"\n"), "not a minisign"),
    Case("one-line-more", edited(lambda d: d + b"untrusted comment: again\n"), "not a minisign"),
    Case("short-base64", edited(edit_line(1, lambda line: line[:-8])), "not a minisign"),
    Case("garbage", edited(lambda d: bytes(range(256))), "not a minisign"),
    Case("empty", edited(lambda d: b""), "not a minisign"),
    Case("huge", edited(lambda d: d + b"x" * (1 << 20)), "not a minisign"),
    Case("public-key-instead", lambda f: edited(public_key(f))(f), "not a minisign"),
    Case("link", linked, "symbolic link"),
    Case("swapped", swapped, "this is list \"swapped-from\""),
    Case("rolled-back", lambda f: f.sign(f.text(9, f.macs(1))), "serial 9 is older than 10"),
    Case("rolled-back-other-key", lambda f: f.sign(f.text(9, f.macs(1)), "second"), "serial 9 is older than 10",
         control=lambda f: f.sign(f.text(11, f.macs(5)), "second")),
    Case("expired", lambda f: f.sign(f.text(11, f.macs(1), expires="2020-01-01T00:00:00Z")), "expired at 2020-01-01"),
    Case("no-expires", lambda f: f.sign(f.text(11, f.macs(1), expires=None)), "no \"expires\""),
    Case("plain", lambda f: f.sign("\n".join(f.macs(1)) + "\n"), "neither serial nor expires"),
    Case("unsigned-delta", lambda f: f.put(delta(f), True), "unsigned-delta.delta.jsonl.minisig: there is no such file",
         control=lambda f: f.sign(delta(f), delta=True) and None),
    Case("strangers-delta", lambda f: f.sign(delta(f), "stranger", True), "not among the feed's public-keys",
         control=lambda f: f.sign(delta(f), delta=True) and None),
]
hostile = table.fixture(CASES, **{"public-keys": True})


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_hostile_signature(hostile, case):
    table.judge(hostile, case)


def test_all_together_changed_nothing(hostile):
    table.judge_all(hostile, CASES, 12)


def test_minisign_itself_agrees(hostile):
    """What lenscapd takes and refuses, minisign does too: its own word on the files that lie there now."""
    feed = hostile.all["stranger"]
    key = hostile.folder / "ours.pub"
    assert run("minisign", "-Vm", feed.path(), "-x", feed.signature(), "-p", key, check=False).returncode == 0
    feed.path().write_text(feed.text(12))
    assert run("minisign", "-Vm", feed.path(), "-x", feed.signature(), "-p", key, check=False).returncode != 0

# SPDX-License-Identifier: GPL-2.0-only
"""Hostile deliveries: syntax. One bad line refuses the whole, and nothing is guessed."""
import json

import pytest

import hostile as table
from daemonsite import feed_text
from hostile import Case


def row(**fields):
    """An edition of four entries and one more."""
    return lambda f: f.put(f.text(11, f.macs(4) + [fields]))


def text(line):
    """The same, the last as written; its place of an address of the feed's own is MAC."""
    def put(f):
        body = f.text(11, f.macs(4), count=5)
        data = line if isinstance(line, bytes) else line.encode()
        return f.put(body.encode() + data.replace(b"MAC", f.macs(1, 7)[0].encode()) + b"\n")
    return put


def head(**fields):
    return lambda f: f.put(f.text(11, f.macs(1), **fields))


def whole(data):
    return lambda f: f.put(data)


def plain(*lines, end="\n"):
    return lambda f: f.put("\n".join([*f.macs(2), *lines]) + end)


def csv(*lines, names="MAC,Note", end="\n"):
    return lambda f: f.put("\n".join([names, f"{f.macs(1)[0]},hall", *lines]) + end)


def stix(*more, cut=0, behind="", **fields):
    def put(f):
        indicator = {"type": "indicator", "id": "indicator--1", "modified": "2026-01-01T00:00:00Z", "pattern_type": "stix",
                     "valid_from": "2026-01-01T00:00:00Z", "pattern": f"[mac-addr:value = '{f.macs(1)[0]}']", **fields}
        data = json.dumps({"type": "bundle", "id": "bundle--1", "objects": [indicator, *more]})
        return f.put(data[:len(data) - cut] + behind)
    return put


def csv_case(name, bad, words):
    return Case(name, bad, words, csv("", "02:80:41:00:00:01,yard"), csv(), options={"columns": {"mac": "MAC", "reason": "Note"}})


def stix_case(name, bad, words):
    return Case(name, bad, words, stix(name="cameras"), stix())


CASES = [
    Case("not-json", whole("hello\n"), "not-json.jsonl:1"),
    Case("binary", whole(bytes(range(256)) * 100), "binary.jsonl:1"),
    Case("html", whole("<html><body>Please log in</body></html>\n"), "html.jsonl:1"),
    Case("utf-16", lambda f: f.put(f.text(11).encode("utf-16")), "utf-16.jsonl:1"),
    Case("byte-order-mark", lambda f: f.put(b"\xef\xbb\xbf" + f.text(11).encode()), "byte order mark"),
    Case("zero-byte", text(b'{"mac":"MAC","reason":"a\0b"}'), ":6: a zero byte", text('{"mac":"MAC","reason":"a\\u0001b"}')),
    Case("broken-utf-8-address", text(b'{"mac":"MAC\xff"}'), ":6: ", text(b'{"mac":"MAC","reason":"T\xffr"}')),  # shown as ?
    Case("two-objects-on-a-line", text('{"mac":"MAC"}{"mac":"MAC"}'), ":6: a second object"),
    Case("list-on-a-line", text('["MAC"]'), ":6: "),
    Case("single-quotes", text("{'mac':'MAC'}"), ":6: not valid JSON", text('{"mac":"MAC"}')),
    Case("trailing-comma", text('{"mac":"MAC",}'), ":6: not valid JSON"),
    Case("nested-deep", text('{"mac":"MAC","x":' + "[" * 500 + "]" * 500 + "}"), "nested too deep", text('{"mac":"MAC","x":[[1]]}')),
    Case("field-twice", text('{"mac":"MAC","mac":"MAC"}'), "is there twice"),
    Case("field-twice-escaped", text('{"mac":"MAC","\\u006dac":"MAC"}'), "is there twice"),
    Case("address-as-number", text('{"mac":4419}'), "not a string"),
    Case("no-header", lambda f: f.put(f.text(11).split("\n", 1)[1]), "not a header"),
    Case("two-headers", lambda f: f.put(f.text(11, f.macs(3), count=4) + f.text(11, [])), ":5: "),
    Case("version-2", head(lenscap=2), "format version 2 is not known"),
    Case("no-list", head(list=None), "no \"list\""),
    Case("list-as-path", head(list="../../etc/passwd"), "not a list name"),
    Case("other-list", head(list="somebody"), "this is list \"somebody\""),
    Case("no-count", head(count=None), "no \"count\""),
    Case("negative-count", head(count=-1), "must not be negative"),
    Case("unknown-action", row(mac="00:80:41:77:00:01", action="explode"), ":6: \"explode\" is not an action"),
    Case("empty-action", row(mac="00:80:41:77:00:01", action=""), "not an action"),
    Case("action-in-capitals", row(mac="00:80:41:77:00:01", action="DROP"), "not an action"),
    Case("neither-mac-nor-prefix", row(reason="who?"), "neither"),
    Case("both-mac-and-prefix", row(mac="00:80:41:77:00:01", prefix="00:80:41:77:00/40"), "has both"),
    Case("prefix-as-mac", row(mac="00:80:41:77:00/40"), "call the field \"prefix\""),
    Case("group-address", row(mac="01:00:5e:00:00:01"), "01:00:5e:00:00:01"),
    Case("broadcast", row(mac="ff:ff:ff:ff:ff:ff"), "ff:ff:ff:ff:ff:ff"),
    Case("all-zero", row(mac="00:00:00:00:00:00"), "00:00:00:00:00:00"),
    Case("everything", row(prefix="00:00:00/0"), "00:00:00/0"),
    Case("short-prefix", row(prefix="00:80/16"), "00:80/16"),
    Case("length-49", row(prefix="00:80:41:77:00:01/49"), "/49"),
    Case("bits-behind-the-length", row(prefix="00:80:41:77:00:01/36"), "00:80:41:77:00:01/36"),
    Case("five-octets", row(mac="00:80:41:77:00"), "00:80:41:77:00"),
    Case("trailing-letter", row(mac="00:80:41:77:00:01x"), "00:80:41:77:00:01x"),
    Case("mixed-separators", row(mac="00:80-41:77:00:01"), "00:80-41:77:00:01"),
    Case("del-in-a-snapshot", row(mac="00:80:41:77:00:01", op="del"), "belongs to deltas"),
    Case("unknown-op", lambda f: f.put(f.text(11, [{"mac": f.macs(1)[0], "op": "add"}], since=10), True), "is not an \"op\"",
         lambda f: f.put(f.text(11, [{"mac": f.macs(1)[0], "op": "del"}], since=10), True) and None),
    Case("plain-junk", plain("and so on"), ":3: ", plain("# and so on"), plain()),
    Case("plain-two-on-a-line", plain("00:80:41:77:00:01 00:80:41:77:00:02"), ":3: ", plain("00:80:41:77:00:01"), plain()),
    Case("plain-cut-off", plain("00:80:41:77:00:0", end=""), "cut off", plain("00:80:41:77:00:01"), plain()),
    csv_case("csv-no-such-column", csv(names="Address,Note"), "there is no column"),
    csv_case("csv-column-twice", csv(names="MAC,MAC"), "two columns are named"),
    csv_case("csv-ragged", csv("02:80:41:00:00:01"), "another number of columns"),
    csv_case("csv-no-address", csv(",yard"), "no address"),
    csv_case("csv-open-quote", csv('02:80:41:00:00:01,"yard'), "never closed"),
    csv_case("csv-quote-inside", csv('02:80:41:00:00:01,ya"rd'), "quotation mark"),
    csv_case("csv-cut-off", csv("02:80:41:00:00:01,ya", end=""), "cut off"),
    stix_case("stix-cut-off", stix(cut=5), "cut off"),
    stix_case("stix-two-bundles", stix(behind='{"type":"bundle"}'), "write the bundle again"),
    stix_case("stix-other-pattern", stix(pattern="[ipv4-addr:value = '10.0.0.1']"), "indicator--1"),
    stix_case("stix-and", stix(pattern="[mac-addr:value = '00:80:41:77:00:01' AND mac-addr:value = '00:80:41:77:00:02']"),
              "indicator--1"),
    stix_case("stix-benign", stix(indicator_types=["benign"]), "benign"),
    stix_case("stix-to-come", stix(valid_from="2099-01-01T00:00:00Z"), "still to come"),
    stix_case("stix-no-type", stix({"id": "x--1"}), "has no \"type\""),
    stix_case("stix-snort", stix(pattern_type="snort"), "pattern_type"),
]
hostile = table.fixture(CASES)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_hostile_syntax(hostile, case):
    table.judge(hostile, case)


def test_all_together_changed_nothing(hostile):
    table.judge_all(hostile, CASES, 10)


def test_what_is_shown_cannot_abuse_a_terminal(hostile):
    feed = hostile.all["not-json"]
    hostile.put(feed.name, feed_text(feed.name, 2000, [{"mac": "\x1b]0;owned\x07", "action": "drop"}]))
    reason = hostile.refused(feed.name, "not-json.jsonl:2")
    shown = hostile.lenscap("status").stdout + hostile.lenscap("status", "-j").stdout
    assert reason and "\x1b" not in shown and "\x07" not in shown

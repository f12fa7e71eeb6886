#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A second reader of pprof files, from the published field numbers alone.

usage: pprof.py check FILE...         hold each to what readers insist on
       pprof.py agree FILE REPORT     compare it, and go tool pprof's reading of it
                                      (its -top on standard input), with report --json
"""

import gzip
import json
import re
import sys

FIELDS = {
    "Profile": {1: "sample_type", 2: "sample", 3: "mapping", 4: "location", 5: "function",
                6: "string", 7: "drop_frames", 8: "keep_frames", 9: "time", 10: "duration",
                11: "period_type", 12: "period", 13: "comment", 14: "default_sample_type",
                15: "doc_url"},
    "sample_type": {1: "type", 2: "unit"},
    "period_type": {1: "type", 2: "unit"},
    "sample": {1: "location_id", 2: "value", 3: "label"},
    "label": {1: "key", 2: "str", 3: "num", 4: "num_unit"},
    "mapping": {1: "id", 2: "start", 3: "limit", 4: "offset", 5: "filename", 6: "build_id",
                7: "has_functions", 8: "has_filenames", 9: "has_line_numbers",
                10: "has_inline_frames"},
    "location": {1: "id", 2: "mapping_id", 3: "address", 4: "line", 5: "is_folded"},
    "line": {1: "function_id", 2: "line", 3: "column"},
    "function": {1: "id", 2: "name", 3: "system_name", 4: "filename", 5: "start_line"},
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def decode(kind, data):
    """A message as a dictionary of lists, by field name."""
    message = {name: [] for name in FIELDS[kind].values()}
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        name = FIELDS[kind][tag >> 3]
        if tag & 7 == 0:
            value, at = varint(data, at)
            message[name].append(value)
            continue
        assert tag & 7 == 2, f"wire type {tag & 7} in {kind}"
        size, at = varint(data, at)
        body = data[at:at + size]
        assert len(body) == size, f"{kind} is cut off"
        at += size
        if name in FIELDS:
            message[name].append(decode(name, body))
        elif name == "string":
            message[name].append(body.decode("utf-8"))
        else:  # packed numbers
            k = 0
            while k < len(body):
                value, k = varint(body, k)
                message[name].append(value)
    return message


def one(message, name):
    values = message[name]
    assert len(values) <= 1, f"{name} stands {len(values)} times"
    return values[0] if values else 0


def load(path):
    with open(path, "rb") as file:
        raw = file.read()
    assert raw[:2] == b"\x1f\x8b", "not gzip"
    return decode("Profile", gzip.decompress(raw))


def check_ids(profile, table):
    ids = [one(item, "id") for item in profile[table]]
    assert ids == list(range(1, len(ids) + 1)), f"ids of {table} are not 1 … n: {ids[:9]}"


def check_strings(profile):
    strings = profile["string"]
    assert strings[0] == "", "the first string is not empty"
    assert len(set(strings)) == len(strings), "a string stands twice"
    used = [one(profile, "default_sample_type")] + profile["comment"]
    for kind, names in (("function", ("name", "system_name", "filename")),
                        ("mapping", ("filename", "build_id")), ("sample_type", ("type", "unit")),
                        ("period_type", ("type", "unit"))):
        used += [one(item, name) for item in profile[kind] for name in names]
    for sample in profile["sample"]:
        used += [one(label, name) for label in sample["label"] for name in ("key", "str", "num_unit")]
    assert max(used) < len(strings), "an index lies beyond the strings"


def check_samples(profile):
    strings = profile["string"]
    seen = set()
    for sample in profile["sample"]:
        assert len(sample["value"]) == len(profile["sample_type"])
        assert sample["location_id"], "a sample without a location"
        assert all(1 <= id <= len(profile["location"]) for id in sample["location_id"])
        keys = [strings[one(label, "key")] for label in sample["label"]]
        assert keys[:4] == ["comm", "thread", "pid", "tid"] and keys[4:] in ([], ["cpu"], ["lock", "kind"]), keys
        for label in sample["label"]:
            assert not (one(label, "str") and one(label, "num")), "a label is text and number"
        identity = (tuple(sample["location_id"]),
                    tuple((one(l, "key"), one(l, "str"), one(l, "num")) for l in sample["label"]))
        assert identity not in seen, "two samples with one stack and the same labels"
        seen.add(identity)


def check_functions(profile):
    strings = profile["string"]
    for function in profile["function"]:
        name, system = (strings[one(function, key)] for key in ("name", "system_name"))
        assert name, "a function without a name"
        if re.search(r"[^A-Za-z0-9_]", name) or name.startswith("_"):
            assert system != name, f"pprof would demangle '{name}' again"


def check_locations(profile):
    used = {id for sample in profile["sample"] for id in sample["location_id"]}
    assert used == {one(l, "id") for l in profile["location"]}, "locations that no sample uses"
    for location in profile["location"]:
        assert location["line"], "a location without a function"
        assert one(location, "mapping_id") <= len(profile["mapping"])
        for line in location["line"]:
            assert 1 <= one(line, "function_id") <= len(profile["function"])


MEMORY = [("alloc_objects", "count"), ("alloc_space", "bytes"),
          ("inuse_objects", "count"), ("inuse_space", "bytes")]


def check(profile):
    for table in ("mapping", "location", "function"):
        check_ids(profile, table)
    check_strings(profile)
    check_samples(profile)
    check_functions(profile)
    check_locations(profile)
    strings = profile["string"]
    types = [(strings[one(t, "type")], strings[one(t, "unit")]) for t in profile["sample_type"]]
    assert types in ([("samples", "count"), ("cpu", "nanoseconds")],
                     [("contentions", "count"), ("delay", "nanoseconds")],
                     [("contentions", "count"), ("delay", "nanoseconds"),
                      ("holdup", "nanoseconds")],
                     [("calls", "count"), ("time", "nanoseconds")],
                     [("goroutine", "count")], [("threadcreate", "count")], MEMORY), types
    assert strings[one(profile, "default_sample_type")] in (
        ("alloc_space", "inuse_space") if types == MEMORY else types[len(types) > 1][:1])
    for mapping in profile["mapping"]:
        assert strings[one(mapping, "filename")], "a mapping without a file"
        assert one(mapping, "start") == 0 and one(mapping, "offset") == 0
        for flag in ("functions", "filenames", "line_numbers", "inline_frames"):
            assert one(mapping, "has_" + flag) == 1, f"pprof would look for {flag} itself"
    assert any(strings[c].startswith("sysprof ") for c in profile["comment"])


def tops(profile):
    """Flat and cum of every function, and the total, of each value."""
    strings, flat, cum = profile["string"], {}, {}
    names = {one(f, "id"): strings[one(f, "name")] for f in profile["function"]}
    stacks = {one(l, "id"): [names[one(line, "function_id")] for line in l["line"]]
              for l in profile["location"]}
    total = [0] * len(profile["sample_type"])
    for sample in profile["sample"]:
        frames = [name for id in sample["location_id"] for name in stacks[id]]
        for k, value in enumerate(sample["value"]):
            total[k] += value
            flat[frames[0], k] = flat.get((frames[0], k), 0) + value
            for name in set(frames):
                cum[name, k] = cum.get((name, k), 0) + value
    return flat, cum, total


def parse_go(text):
    """Flat and cum of every function, of `go tool pprof -top -unit=ns`."""
    ret = {}
    for line in text.splitlines():
        match = re.match(r" *(\d+)(?:ns)? +[\d.]+% +[\d.]+% +(\d+)(?:ns)? +[\d.]+%  (.*)$", line)
        if match:
            name = re.sub(r" \((partial-)?inline\)$", "", match[3])
            assert name not in ret, f"go tool pprof shows '{name}' twice"
            ret[name] = (int(match[1]), int(match[2]))
    return ret


def agree(profile, report, go_text):
    flat, cum, total = tops(profile)
    names = [t["type"] for t in report["types"]]
    assert total == [t["total"] for t in report["types"]], (total, report["types"])
    rows = {row["name"]: row for row in report["rows"]}
    assert len(rows) == len(report["rows"]), "report shows a function twice"
    assert set(rows) == {name for name, _ in cum}, "report and file have other functions"
    for name, row in rows.items():
        for k, value in enumerate(names):
            assert row["flat"][value] == flat.get((name, k), 0), (name, value, "flat")
            assert row["cum"][value] == cum[name, k], (name, value, "cum")
    go = parse_go(go_text)
    shown = {name for name, row in rows.items() if row["cum"][names[1]]}
    assert set(go) == shown, set(go) ^ shown
    for name, figures in go.items():
        ours = (rows[name]["flat"][names[1]], rows[name]["cum"][names[1]])
        assert figures == ours, f"{name}: go tool pprof has {figures}, report {ours}"
    return len(rows)


def main():
    if sys.argv[1] == "check":
        for path in sys.argv[2:]:
            try:
                check(load(path))
            except Exception as error:
                raise AssertionError(path) from error
    else:
        profile = load(sys.argv[2])
        with open(sys.argv[3], encoding="utf-8") as file:
            print(agree(profile, json.load(file), sys.stdin.read()), "functions agree")


main()

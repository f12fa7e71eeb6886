#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Check a timeline in Perfetto's format: pftrace.py TRACE.pftrace THREADS.json [TRACE.json]

Decodes the packets by their field numbers, makes the threads' states of switches and
wake-ups as Perfetto does, and holds their sums against `report threads --json`: equal to
a microsecond, but for what is unknown there.  Slices must nest, and whatever is referred
to by number must have been defined before.  What Chrome's format tells, too, must be the
same there in number and in length.
"""

import collections
import gzip
import json
import struct
import sys

OTHER = (1 << 22) + 1
TOLERANCE_NS = 1000


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def message(data):
    """{field: [value, ...]} of one message."""
    fields, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size, "cut off"
        fields[key >> 3].append(value)
    return fields


def column(fields, number):
    values, at = [], 0
    data = b"".join(fields[number])
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def times(deltas):
    now = 0
    for delta in deltas:
        now += delta
        yield now


class Trace:
    def __init__(self, data):
        self.switches = collections.defaultdict(list)  # of a CPU: time, prev_state, next
        self.wakings = []  # time, tid
        self.slices = collections.defaultdict(list)  # of a track: time, type
        self.threads, self.tracks = set(), set()
        self.counters = {}  # name of each track, by its id
        self.values = collections.defaultdict(list)  # of a counter: time, value
        self.defined = collections.defaultdict(set)
        self.categories = {}
        self.n_samples = 0
        for packet in message(data)[1]:
            self.take(message(packet))

    def take(self, packet):
        for data in packet[1]:
            bundle = message(data)
            self.take_sched((bundle[1] or [0])[0], message(bundle[4][0]))
        for data in packet[2]:
            self.threads |= {message(t)[1][0] for t in message(data)[2]}
        for data in packet[60]:
            self.take_track(message(data))
        for data in packet[12]:
            for table, entries in message(data).items():
                for entry in entries:
                    self.define(table, message(entry))
        for data in packet[11]:
            self.take_event(packet[8][0], message(data))
        for data in packet[66]:
            self.n_samples += 1
            self.refer(7, message(data)[4])

    def take_track(self, track):
        self.tracks.add(track[1][0])
        if track[8]:
            self.counters[track[1][0]] = track[2][0].decode()

    def define(self, table, entry):
        refers = {6: ((2, 5), (3, 19), (5, 18)), 7: ((2, 6),), 19: ((7, 17),)}
        for field, to in refers.get(table, ()):
            self.refer(to, entry[field])
        assert entry[1][0] not in self.defined[table], "defined twice"
        self.defined[table].add(entry[1][0])
        if table == 1:
            self.categories[entry[1][0]] = entry[2][0].decode()

    def refer(self, table, ids):
        assert self.defined[table] >= set(ids), f"not defined in {table}: {ids}"

    def take_sched(self, cpu, sched):
        n_names = len(sched[5])
        assert all(i < n_names for i in column(sched, 6) + column(sched, 11))
        self.switches[cpu] += zip(times(column(sched, 1)), column(sched, 2), column(sched, 3))
        self.wakings += zip(times(column(sched, 7)), column(sched, 8))

    def take_event(self, time, event):
        track = event[11][0]
        assert track in self.tracks, f"no track {track}"
        self.refer(1, event[3])
        self.refer(2, event[10])
        for note in event[4]:
            self.refer(3, message(note)[1])
            self.refer(29, message(note)[17])
        if event[9][0] == 4:
            self.values[self.counters[track]].append((time, event[44][0]))
            return
        category = self.categories[event[3][0]] if event[3] else None
        self.slices[track].append((time, event[9][0], category))

    def sums(self, end):
        """{tid: {state: ns}}: "Running", "R" or "B" for whatever else."""
        # At one instant wake-ups come last, as they cannot be of who runs.
        events = [(t, 0, i, cpu, state, tid) for cpu, switches in self.switches.items()
                  for i, (t, state, tid) in enumerate(switches)]
        events += [(t, 1, i, None, None, tid) for i, (t, tid) in enumerate(self.wakings)]
        current, states, since = {}, {}, {}
        sums = collections.defaultdict(collections.Counter)

        def enter(tid, state, now):
            if tid in states:
                sums[tid][states[tid]] += now - since[tid]
            states[tid], since[tid] = state, now

        for now, _, _, cpu, state, tid in sorted(events, key=lambda e: e[:3]):
            if cpu is None:
                if states.get(tid, "B") == "B":
                    enter(tid, "R", now)
                continue
            if cpu in current:
                prev = current[cpu]
                enter(prev, "R" if state == 0 else "dead" if state == 0x20 else "B", now)
            enter(tid, "Running", now)
            current[cpu] = tid
        for tid, state in list(states.items()):
            enter(tid, state, end)
        return sums

    def lengths(self):
        """{category: [ns]} of slices, and of marks, which have none.  Slices must nest."""
        lengths = collections.defaultdict(list)
        for track, events in self.slices.items():
            open_slices = []
            for time, kind, category in sorted(events, key=lambda e: e[0]):
                if kind == 1:
                    open_slices.append((time, category))
                elif kind == 2:
                    assert open_slices, f"a slice of track {track} ends before it begins"
                    start, category = open_slices.pop()
                    lengths[category].append(time - start)
                elif kind == 3:
                    lengths[category].append(0)
            assert not open_slices, f"a slice of track {track} has no end"
        return lengths


def check_memory(values, events):
    """Curves of memory have the same points, from the first one of any of them on."""
    want = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "C" and event["name"].startswith("memory"):
            want[event["name"]].append((round(event["ts"] * 1000), event["args"]["bytes"]))
    got = {name: points for name, points in values.items() if name.startswith("memory")}
    assert since_first(got) == since_first(want), f"curves of memory differ: {got}, want {want}"


def since_first(curves):
    first = min((points[0][0] for points in curves.values()), default=0)
    return {name: [(time - first, value) for time, value in points] for name, points in curves.items()}


def check_same(lengths, events):
    """Migrations are told by the switches here; samples and states are packets of their own."""
    want = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X" or (event["ph"] == "i" and event["name"] != "migrate"):
            want[event["cat"]].append(round(event.get("dur", 0) * 1000))
    for category in ("syscall", "disk", "interrupt", "softirq", "mark"):
        assert sorted(lengths[category]) == sorted(want[category]), f"{category}s differ"


def check_states(thread, got):
    """Of a thread of which events are missing Perfetto does not say that it ran for longer."""
    if thread["pid"] == 1:  # some virtual machines hide its switches: tests/live/exact.bats
        return
    if thread["unknown_ns"]:
        assert got["Running"] <= thread["running_ns"] + TOLERANCE_NS, f"{thread['tid']}: {got}"
        return
    for state, want in (("Running", "running_ns"), ("R", "runnable_ns"), ("B", "blocked_ns")):
        off = abs(got[state] - thread[want])
        assert off <= TOLERANCE_NS, f"{thread['tid']} {state}: {got}, want {thread[want]}"


def main():
    with gzip.open(sys.argv[1]) as file:
        trace = Trace(file.read())
    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    lengths = trace.lengths()
    if len(sys.argv) > 3:
        with open(sys.argv[3], encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        check_same(lengths, events)
        check_memory(trace.values, events)
    start = min((t for switches in trace.switches.values() for t, _, _ in switches), default=0)
    sums = trace.sums(start + 2 + report["duration_ns"])
    for thread in report["threads"]:
        got = sums[thread["tid"]]
        assert thread["tid"] in trace.threads, f"{thread['tid']} has no name"
        check_states(thread, got)


main()

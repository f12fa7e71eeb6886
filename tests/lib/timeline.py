#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Check a timeline in Chrome's format: timeline.py TRACE.json THREADS.json

TRACE.json must be JSON; slices of a track must nest, also for readers that take equal
starts in the file's order; arrows must come in pairs and lie within slices; and the
states of each thread must sum to what `report threads --json` says, to the nanosecond.
"""

import bisect
import collections
import json
import sys

STATES = ("running", "runnable", "blocked", "unknown")


def ns(microseconds):
    return round(microseconds * 1000)


def tracks_of(events):
    tracks = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            start = ns(event["ts"])
            tracks[event["pid"], event["tid"]].append((start, start + ns(event["dur"]), event))
    return tracks


def check_nesting(tracks):
    for track, slices in tracks.items():
        open_ends = []
        for start, end, event in sorted(slices, key=lambda s: s[0]):  # stable: as in the file
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1], f"{event} sticks out on track {track}"
            assert end > start, f"{event} has no length"
            open_ends.append(end)


def check_sums(tracks, threads):
    for thread in threads:
        sums = collections.Counter()
        for start, end, event in tracks.get((thread["pid"], thread["tid"]), []):
            if event["cat"] == "state":
                sums[event["name"].split(":")[0]] += end - start
        for state in STATES:
            want = thread[state + "_ns"]
            assert sums[state] == want, f"{thread['tid']} {state}: {sums[state]}, want {want}"


def outermost(slices):
    starts, stops = [], []
    for start, end, _ in sorted(slices, key=lambda s: s[0]):
        if not stops or start >= stops[-1]:
            starts.append(start)
            stops.append(end)
    return starts, stops


def check_arrows(events, tracks):
    ends = collections.defaultdict(list)
    for event in events:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
    # Slices nest, so what is outermost covers all: those, by their starts.
    covered = {track: outermost(slices) for track, slices in tracks.items()}
    for arrow in ends.values():
        assert [end["ph"] for end in arrow] == ["s", "f"], f"half an arrow: {arrow}"
        for end in arrow:
            time, (starts, stops) = ns(end["ts"]), covered[end["pid"], end["tid"]]
            at = bisect.bisect_right(starts, time) - 1
            assert at >= 0 and time <= stops[at], f"{end} hangs in the air"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    with open(sys.argv[2], encoding="utf-8") as file:
        threads = json.load(file)["threads"]
    tracks = tracks_of(events)
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    assert set(tracks) <= named, f"without a name: {set(tracks) - named}"
    check_nesting(tracks)
    check_sums(tracks, threads)
    check_arrows(events, tracks)


main()

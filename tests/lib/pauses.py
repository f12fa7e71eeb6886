#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hold recorded pauses against the runtime's own log: pauses.py KIND REPORT.json LOG

KIND is go (GODEBUG=gctrace=1), jvm (-Xlog:safepoint) or v8 (node --trace-gc).  What was recorded must be an unbroken
run of what was logged, every pause of it and no other, each with the reason that the log has.
A length agrees within 5 % or 20 us and what the log rounds; on a busy machine a thread can lose
its CPU between the probe and the runtime's own look at the clock, so a few need not.
"""

import json
import re
import sys

LEAST_PAUSES = 6
LEAST_AGREEING = 0.8
MOST_UNLOGGED = 2  # of a cycle in the midst of which the program ended


def logged_by_go(log):
    """Sweep and mark termination of each cycle, as the middle of what is rounded to that."""
    for cycle in re.finditer(r"^gc \d+ @\S+ \d+%: ([\d.]+)\+[\d.]+\+([\d.]+) ms clock", log, re.M):
        for text, reason in zip(cycle.groups(), ("sweep", "mark")):
            unit = 1e6 / 10 ** len(text.partition(".")[2])
            yield reason, float(text) * 1e6 + unit / 2, unit / 2


def logged_by_jvm(log):
    for line in re.finditer(r'Safepoint "(\w+)".* Total: +(\d+) ns', log):
        yield line[1], float(line[2]), 0


def logged_by_v8(log):
    for line in re.finditer(r" ms: (Scavenge|Mark-\w+).* MB, (\d+\.(\d+)) / ", log):
        reason = "scavenge" if line[1] == "Scavenge" else "mark-compact"
        yield reason, float(line[2]) * 1e6, 0.5e6 / 10 ** len(line[3])


def recorded_by_go(pauses, first):
    """A mark termination that finds more to mark is tried again; the log has the last try.
    Go before 1.21 tells no reasons: they take turns, and the first may be any."""
    ret = []
    turns = ("sweep", "mark") if first == "sweep" else ("mark", "sweep")
    for pause in pauses:
        if pause["reason"] and not pause["reason"].startswith("GC"):
            continue
        reason = re.search("sweep|mark|$", pause["reason"])[0] or turns[len(ret) % 2]
        length = pause["ns"] - (pause["resuming_ns"] if reason == "mark" else 0)
        if ret and ret[-1][0] == reason == "mark":
            ret.pop()
        ret.append((reason, length))
    return ret


def recorded_by_others(pauses, _first):
    return [(pause["reason"], pause["ns"]) for pause in pauses]


def differences(ours, theirs):
    """What each pause differs by beyond what it may."""
    for (_, length), (_, logged, rounding) in zip(ours, theirs):
        yield abs(length - logged) - max(20e3, 0.05 * logged) - rounding


def best_agreement(ours, theirs):
    """Of the places in the log where ours may have begun, the one that most agree at: 0 to 1."""
    best = 0
    for at in range(len(theirs)):
        run = theirs[at : at + len(ours)]
        if len(ours) - len(run) > MOST_UNLOGGED or any(a[0] != b[0] for a, b in zip(ours, run)):
            continue
        agreeing = sum(beyond <= 0 for beyond in differences(ours, run)) / len(run)
        best = max(best, agreeing)
    return best


def main():
    kind, report, log = sys.argv[1:]
    with open(report) as file:
        pauses = sorted(json.load(file)["pauses"], key=lambda pause: pause["at_ns"])
    pauses = [pause for pause in pauses if not pause["note"].startswith("cut")]
    logged = {"go": logged_by_go, "jvm": logged_by_jvm, "v8": logged_by_v8}[kind]
    recorded = recorded_by_go if kind == "go" else recorded_by_others
    with open(log) as file:
        theirs = list(logged(file.read()))
    tries = [recorded(pauses, first) for first in ("sweep", "mark")]
    ours = max(tries, key=lambda ours: best_agreement(ours, theirs))
    best = best_agreement(ours, theirs)
    if len(ours) < LEAST_PAUSES:
        sys.exit(f"only {len(ours)} pauses were recorded")
    print(f"{len(ours)} pauses recorded, {len(theirs)} logged, {100 * best:.1f}% agree")
    if best < LEAST_AGREEING:
        sys.exit(1)


main()

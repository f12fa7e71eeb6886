#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
usage: samply-complete.py PROFILE PROGRAM
Print how many samples there are in samply's PROFILE of PROGRAM, and the percent of them
whose stacks reach the start of the thread: two frames in libc (clone3 and what it calls), or one in libc below one in the
program (_start), or one in the dynamic linker (its _start).  They carry no names.
"""
import gzip
import json
import os
import sys


def outermost(thread, libs, stack):
    """The files of the outermost frame of STACK and of the one that it called."""
    table, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    path = []
    while stack is not None:
        resource = functions["resource"][frames["func"][table["frame"][stack]]]
        known = resource is not None and resource >= 0
        path.append(libs[thread["resourceTable"]["lib"][resource]]["name"] if known else "")
        stack = table["prefix"][stack]
    return path[-1:] + path[-2:-1]


def is_complete(files, program):
    ends = (["libc.so.6", "libc.so.6"], [program, "libc.so.6"])
    return files in ends or files[:1] == ["ld-linux-x86-64.so.2"]


def main():
    with gzip.open(sys.argv[1]) as f:
        profile = json.load(f)
    program, total, complete = os.path.basename(sys.argv[2]), 0, 0
    for thread in profile["threads"]:
        samples = thread["samples"]
        for i, stack in enumerate(samples["stack"]):
            weight = samples["weight"][i] if samples.get("weight") else 1
            total += weight
            complete += weight * is_complete(outermost(thread, profile["libs"], stack), program)
    print(f"{total} {100 * complete / total if total else 0:.3f}")


main()

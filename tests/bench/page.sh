#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of a million slices, in forty threads: how long it takes to write, to open in
# Chromium, and to draw a frame while it is zoomed from all of it to microseconds and back.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SLICES=${SLICES:-1000000}
data=$BENCH_TMP/page.data
page=$BENCH_TMP/page.html

# Each thread, on a CPU of its own, blocks, is woken and runs, in turns of a few microseconds.
events() {
	awk -v slices="$SLICES" 'BEGIN {
		n = 40
		print "start time=1s"
		for (t = 1; t <= n; t++) {
			printf "comm time=1s pid=%d tid=%d name=worker-%d\n", 100 + t % 5, 100 + t, t
			printf "task_state time=1s pid=%d tid=%d state=running\n", 100 + t % 5, 100 + t
		}
		for (i = 0; i < slices / 3 / n; i++) {
			for (t = 1; t <= n; t++) {
				at = 1000000000 + i * 100000 + t * 100
				printf "sched_switch time=%dns cpu=%d prev=%d state=sleeping next=0\n", at, t, 100 + t
				if (i % 10 == 0)
					printf "wait_stack time=%dns pid=%d tid=%d cpu=%d why=%s nr=203 period=10 stack={srv!main;srv!f%d;libc!wait}\n",
						at + 1, 100 + t % 5, 100 + t, t, t % 3 ? "lock" : "network", i % 100
			}
			for (t = 1; t <= n; t++) # in no order: the assembler does not mind
				printf "sched_waking time=%dns tid=%d waker=%d cpu=%d\n", at + 10000 + (i * 7919 + t * 104729) % 29989, 100 + t, i % 3 ? 101 + t % n : 0, t
			for (t = 1; t <= n; t++)
				printf "sched_switch time=%dns cpu=%d prev=0 state=runnable next=%d\n", at + 40000 + t * 300, t, 100 + t
		}
		print "end time=" at + 1000000 "ns"
	}'
}

say "page: a recording of $SLICES slices"
events >"$BENCH_TMP/page.events"
"$SYSPROF" dump --assemble "$BENCH_TMP/page.events" -o "$data"
rm "$BENCH_TMP/page.events"
for ((round = 1; round <= ROUNDS; round++)); do
	say "page: round $round of $ROUNDS"
	timed export "$SYSPROF" export -i "$data" -o "$page"
	while read -r what value; do
		add "$what" "$value"
	done < <(node "$(dirname "$0")/page.mjs" "$page")
done
row "page of $(of slices) slices: its size" "$(stat -c %s "$page" | awk '{ printf "%.1f MiB", $1 / 1048576 }')" "" "" ""
row "page: first picture after opening it" "$(printf '%.0f ms' "$(of first)")" "" "1 s" "$(holds "$(of first) <= 1000")"
row "page: all of its slices are read" "$(printf '%.0f ms' "$(of whole)")" "" "2 s" "$(holds "$(of whole) <= 2000")"
row "page: a frame while zooming, median (99th of 100)" \
	"$(printf '%.1f ms (%.1f)' "$(of frame)" "$(of slow)")" "" "16 ms" "$(holds "$(of frame) <= 16")"
row "page: search in all of it" "$(printf '%.0f ms' "$(of search)")" "" "" ""

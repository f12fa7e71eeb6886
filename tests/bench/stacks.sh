#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of 100,000 distinct stacks, up to 500 deep, of 20,000 functions and 40 threads: how
# long it takes to open its flame graph in Chromium, to click, to search, to drag a range.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
STACKS=${STACKS:-100000}
data=$BENCH_TMP/stacks.data
page=$BENCH_TMP/stacks.html

# Each goes on from somewhere in those before by a few calls, one in 200 to the deepest.
events() {
	awk -v stacks="$STACKS" 'BEGIN {
		srand(7)
		functions = 20000
		print "start time=1s"
		print "module id=1 type=elf path=/usr/bin/server"
		print "module id=2 type=elf path=/usr/lib/libwork.so"
		for (f = 1; f <= functions; f++) {
			printf "frame id=%d module=%d address=%d\n", f, 1 + f % 2, f * 16
			printf "name frame=%d function=\"work::part_%d::do_the_work<int, %d>\" file=part_%d.cc line=%d\n", f, f % 97, f, f % 500, f % 1000
		}
		n = depth[1] = 1
		print "stack id=1 frame=1"
		for (i = 0; i < stacks; i++) {
			at = 1 + int(rand() * n)
			to = i % 200 ? depth[at] + 1 + int(rand() * 8) : 500
			do {
				n++
				depth[n] = depth[at] + 1
				printf "stack id=%d parent=%d frame=%d\n", n, at, 1 + int(rand() * rand() * functions)
				at = n
			} while (depth[at] < to && depth[at] < 500)
			printf "sample time=%dus pid=%d tid=%d cpu=%d weight=1ms stack=%d\n", 1000000 + i * 600, 100 + i % 7, 100 + i % 40, i % 8, at
		}
		print "end time=61s"
	}'
}

say "stacks: a recording of $STACKS stacks"
events >"$BENCH_TMP/stacks.events"
"$SYSPROF" dump --assemble "$BENCH_TMP/stacks.events" -o "$data"
rm "$BENCH_TMP/stacks.events"
for ((round = 1; round <= ROUNDS; round++)); do
	say "stacks: round $round of $ROUNDS"
	timed export "$SYSPROF" export -i "$data" -o "$page"
	while read -r what value; do
		add "$what" "$value"
	done < <(node "$(dirname "$0")/stacks.mjs" "$page")
done
row "page of $STACKS stacks ($(of nodes) nodes): its size" "$(stat -c %s "$page" | awk '{ printf "%.1f MiB", $1 / 1048576 }')" "" "" ""
row "stacks: first picture after opening it" "$(printf '%.0f ms' "$(of first)")" "" "1 s" "$(holds "$(of first) <= 1000")"
row "stacks: click to zoom, longest of 8" "$(printf '%.1f ms' "$(of click)")" "" "16 ms" "$(holds "$(of click) <= 16")"
row "stacks: search, longest of 3" "$(printf '%.1f ms' "$(of search)")" "" "50 ms" "$(holds "$(of search) <= 50")"
row "stacks: another range; inverted; by thread; table" \
	"$(printf '%.0f; %.0f; %.0f; %.0f ms' "$(of range)" "$(of inverted)" "$(of group)" "$(of table)")" "" "" ""

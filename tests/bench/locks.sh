#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What recording costs eight threads that fight over a mutex, in CPU time and in bytes a
# wait, and how near `report mutex` comes to what the program measured itself.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
HOTLOCK=${HOTLOCK:-4000} # times that each thread takes the lock
recording=$BENCH_TMP/locks.data

if [ "$(id -u)" != 0 ]; then
	row "locks" "not root" "" "" ""
	exit
fi

# hot WHO COMMAND...: CPU seconds of the program to WHO, what it waited to ./waited.
hot() {
	local who=$1
	shift
	"$@" "$W/hotlock" "$HOTLOCK" >"$BENCH_TMP/stdout" 2>"$BENCH_TMP/stderr" || {
		say "$1 failed: $(tail -3 "$BENCH_TMP/stderr")"
		return 1
	}
	read -r contentions seconds < <(grep -E '^[0-9]+ [0-9.]+$' "$BENCH_TMP/stderr")
	add "$who" "$(awk '{ print $2 }' "$BENCH_TMP/stdout")"
	add "$who.wall" "$(awk '{ print $1 }' "$BENCH_TMP/stdout")"
}

ours() {
	"$SYSPROF" record -o "$recording" "$@"
}

compare() {
	local found waits
	"$SYSPROF" report -i "$recording" mutex --locks --json >"$BENCH_TMP/json"
	found=$(jq '[.locks[] | select(.lock == "lock")][0] | [.contentions, .total_ns] | @tsv' -r \
		"$BENCH_TMP/json")
	add found.n "$(calc "100 * (${found%$'\t'*} / $contentions - 1)")"
	add found.ns "$(calc "100 * (${found#*$'\t'} / 1e9 / $seconds - 1)")"
	waits=$("$SYSPROF" dump -i "$recording" | grep -cE '^sched_switch .*state=(sleeping|disk)')
	add hot.rate "$(calc "$waits / $(of hot.ours.wall)")"
	add hot.bytes "$(calc "$(size "$recording") / $waits")"
}

for ((round = 1; round <= ROUNDS; round++)); do
	say "locks: round $round of $ROUNDS"
	hot hot.none env
	hot hot.ours ours --
	compare
done
slower=$(paired hot.ours hot.none '100 * (a / b - 1)')
row "8 threads that fight over a mutex, $(printf %.0f "$(of hot.rate)") waits/s: CPU time" \
	"$(printf '%+.1f %%' "$slower")" "" "<= 15 %" "$(holds "$slower <= 15")"
row "   bytes a wait in the recording" "$(printf %.1f "$(of hot.bytes)")" "" "<= 12" \
	"$(holds "$(of hot.bytes) <= 12")"
row "   contentions, delay of the lock against the program's own" \
	"$(printf '%+.1f %%, %+.1f %%' "$(of found.n)" "$(of found.ns)")" "" "within 5 %, 2 %" \
	"$(holds "$(of found.n) ** 2 <= 25 && $(of found.ns) ** 2 <= 4")"

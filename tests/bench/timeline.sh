#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How large the timeline of ten seconds full of switches gets in each format, how fast it
# is written, and in how much memory.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
recording=$BENCH_TMP/switches.data

if [ "$(id -u)" != 0 ]; then
	row "timeline" "not root" "" "" ""
	exit
fi

# measured_export FORMAT: CPU seconds to FORMAT.cpu, of the thread that reads ahead too; its memory
# at most, in MiB, to FORMAT.memory.
measured_export() {
	python3 - "$SYSPROF" export -i "$recording" -f "$1" -o /dev/null <<-'END' >"$BENCH_TMP/usage"
		import resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)
		usage = resource.getrusage(resource.RUSAGE_CHILDREN)
		print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
	END
	read -r cpu memory <"$BENCH_TMP/usage"
	add "$1.cpu" "$cpu"
	add "$1.memory" "$memory"
}

# What an export would write.
size_of() {
	"$SYSPROF" export -i "$recording" -f "$1" 2>/dev/null | wc -c
}

"$SYSPROF" record -o "$recording" -- taskset -c 0 "$W/pingpong" 10 >/dev/null 2>"$BENCH_TMP/stderr" || {
	say "no recording: $(tail -3 "$BENCH_TMP/stderr")"
	exit 1
}
switches=$("$SYSPROF" dump -i "$recording" | grep -c ^sched_switch)
for ((round = 1; round <= ROUNDS; round++)); do
	say "timeline: round $round of $ROUNDS"
	measured_export chrome
	measured_export pftrace
done
json=$(size_of chrome)
each=$(calc "$(size_of pftrace) / $switches")
rate=$(calc "$json / 1e6 / $(of chrome.cpu)")
memory=$(sort -g "$BENCH_TMP/chrome.memory" "$BENCH_TMP/pftrace.memory" | tail -1)
row "10 s, $(calc "int($switches / 10)") switches/s: bytes a switch in .pftrace" \
	"$(printf %.2f "$each")" "recording: $(printf %.2f "$(calc "$(size "$recording") / $switches")")" \
	"<= 10" "$(holds "$each <= 10")"
row "   JSON of $(bytes "$json"), a second of CPU time" "$(printf '%.0f MB' "$rate")" "" \
	">= 100 MB" "$(holds "$rate >= 100")"
row "   CPU time of .pftrace" "$(ms "$(of pftrace.cpu)")" "JSON $(ms "$(of chrome.cpu)")" "" ""
row "   memory at most" "$(printf '%.0f MiB' "$memory")" "" "<= 64 MiB" "$(holds "$memory <= 64")"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Recording a C++ program without frame pointers, 2 threads of some 30 frames, at 1000 Hz:
# nothing, sysprof record --cpu-only, perf record --call-graph dwarf (its default of 8 KiB of
# stack; sysprof copies 32 KiB) and samply in turn; and sysprof as it records by default, with
# every switch and wake-up, which the others have nothing of.
#
# A recorder's CPU is what the kernel accounted to it and its children, less what the
# program says it took itself.  For sysprof that has the names' resolution in it; without
# it, it is the recording's own self.cpu_ns.  perf and samply resolve names later, perf in
# perf report, whose CPU is then added (but not that of the addr2line it runs).
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-10}
HZ=1000
program=$W/deep
recording=$BENCH_TMP/deep.data
perf_data=$BENCH_TMP/perf.data
samply_data=$BENCH_TMP/samply.json.gz

# own WHO: what the program said, and what is left for the recorder.
own() {
	local cpu
	cpu=$(calc "$(number "$BENCH_TMP/stdout" cpu_ns) / 1e9")
	add "$1.took" "$cpu"
	add "$1.rate" "$(number "$BENCH_TMP/stdout" rounds_per_s)"
	add "$1.rate_by_cpu" "$(calc "$(tail -1 "$BENCH_TMP/$1.rate") / $cpu")"
	add "$1.recorder" "$(calc "$(tail -1 "$BENCH_TMP/$1.cpu") - $cpu")"
}

run_alone() {
	timed alone "$program" "$SECONDS_EACH"
	own alone
}

run_sysprof() {
	timed sysprof "$SYSPROF" record --cpu-only -F $HZ -o "$recording" -- "$program" "$SECONDS_EACH"
	own sysprof
	add sysprof.size "$(size "$recording")"
	add sysprof.each "$(calc "$(size "$recording") / $(counter "$recording" samples.cpu)")"
	add sysprof.live "$(calc "$(counter "$recording" self.cpu_ns) / 1e9")"
	"$SYSPROF" export -i "$recording" cpu -f folded -o "$BENCH_TMP/folded"
	add sysprof.complete "$(awk '{
		weight = $NF; all += weight; split($0, frame, ";") # 1 is the process
		sub(/ [0-9.]+$/, "", frame[2])
		if (frame[2] ~ /^(_start|_?_?clone3?)$/) complete += weight
	} END { print 100 * complete / all }' "$BENCH_TMP/folded")"
}

run_default() {
	timed default "$SYSPROF" record -F $HZ -o "$BENCH_TMP/default.data" -- "$program" "$SECONDS_EACH"
	own default
	add default.size "$(size "$BENCH_TMP/default.data")"
	add default.live "$(calc "$(counter "$BENCH_TMP/default.data" self.cpu_ns) / 1e9")"
}

# perf's stacks, outermost last, as files: the same ends as in samply-complete.py.
perf_complete() {
	with_perf script --no-inline -F ip,dso -i "$perf_data" 2>/dev/null |
		awk '
		function file(text) { gsub(/.*\/|\)$/, "", text); return text }
		/^$/ {
			if (!n) next
			all++
			if (last == "libc.so.6" && before == "libc.so.6" || last == "deep" && before == "libc.so.6" ||
			    last ~ /^ld-linux/) complete++
			n = 0; last = before = ""; next
		}
		{ before = last; last = file($0); n++ }
		END { print all ? 100 * complete / all : 0 }'
}

run_perf() {
	timed perf perf_record -F $HZ --call-graph dwarf -o "$perf_data" "$program" "$SECONDS_EACH"
	own perf
	add perf.size "$(size "$perf_data")"
	add perf.complete "$(perf_complete)"
	timed perf_names with_perf report --stdio --inline -i "$perf_data"
	add perf.both "$(calc "$(tail -1 "$BENCH_TMP/perf.recorder") + $(tail -1 "$BENCH_TMP/perf_names.cpu")")"
}

run_samply() {
	local samples complete
	timed samply with_samply record -s -r $HZ -o "$samply_data" -- "$program" "$SECONDS_EACH"
	own samply
	add samply.size "$(size "$samply_data")"
	read -r samples complete < <(tests/bench/samply-complete.py "$samply_data" "$program")
	add samply.complete "$complete"
	add samply.each "$(calc "$(size "$samply_data") / $samples")"
}

all_rounds() {
	local round
	for ((round = 1; round <= ROUNDS; round++)); do
		say "deep: round $round of $ROUNDS"
		run_alone
		run_sysprof
		run_default
		! has_perf || run_perf
		! has_samply || run_samply
	done
}

# slowdown WHO RATE: in percent of what the program does alone.
slowdown() {
	paired "$1.$2" "alone.$2" "100 * (1 - a / b)"
}

# Percent of two CPUs that the program got while it ran alone.
quiet() {
	calc "100 * $(of alone.took) / (2 * $SECONDS_EACH)"
}

# A wall clock compares nothing where others take the CPUs.
if_quiet() {
	[ "$(holds "$(quiet) >= 97")" = yes ] && echo "$1" || echo "others ran"
}

percent() {
	printf '%.*f %%' "${2:-2}" "$1"
}

compare_perf() {
	local smaller ours theirs
	smaller=$(paired perf.size sysprof.size "a / b")
	row "deep: size of the recording" "$(bytes "$(of sysprof.size)")" \
		"perf $(bytes "$(of perf.size)"), $(printf %.0f "$smaller") times" ">= 100 times" \
		"$(holds "$smaller >= 100")"
	ours=$(paired sysprof.recorder perf.recorder "a / b")
	row "deep: recorder's CPU with names" "$(ms "$(of sysprof.recorder)")" \
		"perf $(ms "$(of perf.recorder)"), ratio $(printf %.2f "$ours")" "<= 0.25" \
		"$(holds "$ours <= 0.25")"
	ours=$(paired sysprof.recorder perf.both "a / b")
	row "deep: the same, both with names" "$(ms "$(of sysprof.recorder)")" \
		"perf record + report $(ms "$(of perf.both)"), ratio $(printf %.2f "$ours")" "<= 0.25" \
		"$(holds "$ours <= 0.25")"
	ours=$(paired sysprof.live perf.recorder "a / b")
	row "deep: recorder's CPU without names" "$(ms "$(of sysprof.live)")" \
		"perf $(ms "$(of perf.recorder)"), ratio $(printf %.2f "$ours")" "<= 0.25" \
		"$(holds "$ours <= 0.25")"
	ours=$(slowdown sysprof rate)
	theirs=$(slowdown perf rate)
	row "deep: slowdown, wall clock" "$(percent "$ours")" "perf $(percent "$theirs")" \
		"<= perf + 1" "$(if_quiet "$(holds "$ours <= $theirs + 1")")"
	ours=$(slowdown sysprof rate_by_cpu)
	theirs=$(slowdown perf rate_by_cpu)
	row "deep: slowdown, program's CPU clock" "$(percent "$ours")" "perf $(percent "$theirs")" \
		"<= perf + 1" "$(holds "$ours <= $theirs + 1")"
}

# Samplers under load do not get the same number of samples.
each() {
	printf '%s, %.1f a sample' "$(bytes "$(of "$1.size")")" "$(of "$1.each")"
}

compare_samply() {
	local version
	version=$("$(samply_program)" --version)
	row "deep: size of the recording" "$(each sysprof) with names" \
		"$version $(each samply) without" "less" \
		"$(holds "$(of sysprof.each) < $(of samply.each)")"
	row "deep: recorder's CPU with names" "$(ms "$(of sysprof.recorder)")" \
		"samply $(ms "$(of samply.recorder)") without" "less" \
		"$(holds "$(of sysprof.recorder) < $(of samply.recorder)")"
	row "deep: recorder's CPU without names" "$(ms "$(of sysprof.live)")" \
		"samply $(ms "$(of samply.recorder)")" "less" \
		"$(holds "$(of sysprof.live) < $(of samply.recorder)")"
	row "deep: complete stacks" "$(percent "$(of sysprof.complete)")" \
		"samply $(percent "$(of samply.complete)")" "no fewer" \
		"$(holds "$(of sysprof.complete) >= $(of samply.complete)")"
	row "deep: slowdown, wall clock" "$(percent "$(slowdown sysprof rate)")" \
		"samply $(percent "$(slowdown samply rate)")" "" ""
}

all_rounds
say "deep: alone, the program got $(percent "$(quiet)" 0) of two CPUs"
against=""
! has_perf || against="perf $(percent "$(of perf.complete)")"
row "deep: complete stacks" "$(percent "$(of sysprof.complete)")" "$against" ">= 99.5 %" \
	"$(holds "$(of sysprof.complete) >= 99.5")"
if has_perf; then
	compare_perf
else
	row "deep: perf record --call-graph dwarf" "" "not installed (apt-get install linux-perf)" "" ""
fi
if has_samply; then
	compare_samply
else
	row "deep: samply" "" "not installed (cargo install samply, or SAMPLY=path)" "" ""
fi
row "deep: by default, with switches: size" "$(bytes "$(of default.size)")" "" "" ""
row "deep: by default: recorder's CPU without names" "$(ms "$(of default.live)")" "" "" ""
row "deep: by default: slowdown, wall clock" "$(percent "$(slowdown default rate)")" "" "" ""

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Names from a program with 50 MB and more of debug information (big.cc, compiled once for
# each of its units), 10 s at 1000 Hz: our report, and the resolution of names at the end of
# record, against perf report --stdio --inline.
#
# Before each, what the page cache has of the program and of the recording is dropped
# (posix_fadvise), and perf starts without a cache of build-ids.  The end of record is
# measured as it comes: just after the program ran.  It is record's wall time without the
# window that it recorded, so its start is counted with it.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-10}
UNITS=24
HZ=1000
source=$PWD/tests/bench/big.cc
built=$O/bench/big
program=$built/big
recording=$BENCH_TMP/big.data
perf_data=$BENCH_TMP/perf.data

build() {
	local flags="-std=c++17 -O2 -g -fno-eliminate-unused-debug-types"
	[ -x "$program" ] && cmp -s "$source" "$built/big.cc" && return
	say "names: compiling $UNITS units of big.cc, once"
	mkdir -p "$built"
	seq 0 $((UNITS - 1)) | xargs -P "$(nproc)" -I{} \
		sh -c "${CXX:-g++} $flags -DUNIT={} -c -o $built/{}.o $source"
	# shellcheck disable=SC2086
	${CXX:-g++} $flags -DUNITS=$UNITS -o "$program" "$source" "$built"/*.o
	rm -f "$built"/*.o
	cp "$source" "$built"
}

debug_bytes() {
	readelf -SW "$program" | awk '
		sub(/^ *\[ *[0-9]+\] /, "") && $1 ~ /^\.debug_/ { print "0x" $5 }' |
		{ total=0; while read -r n; do total=$((total + n)); done; echo $total; }
}

run_sysprof() {
	timed record "$SYSPROF" record --cpu-only -F $HZ -o "$recording" -- "$program" "$SECONDS_EACH"
	add names.wall "$(calc "$(tail -1 "$BENCH_TMP/record.wall") - $(counter "$recording" self.wall_ns) / 1e9")"
	add names.frames "$(counter "$recording" names.frames)"
	add samples "$(counter "$recording" samples.cpu)"
	evict "$program" "$recording"
	timed report "$SYSPROF" report -i "$recording"
	add all.wall "$(calc "$(tail -1 "$BENCH_TMP/names.wall") + $(tail -1 "$BENCH_TMP/report.wall")")"
}

run_perf() {
	timed perf_record perf_record -F $HZ --call-graph dwarf -o "$perf_data" \
		"$program" "$SECONDS_EACH"
	evict "$program" "$perf_data"
	rm -rf "$BENCH_TMP/.debug"
	timed perf with_perf report --stdio --inline -i "$perf_data"
}

build
for ((round = 1; round <= ROUNDS; round++)); do
	say "names: round $round of $ROUNDS"
	run_sysprof
	! has_perf || run_perf
done
say "names: $(bytes "$(debug_bytes)") of debug information, $(of samples) samples, $(of names.frames) places"
what="names: report of 10 s, $(bytes "$(debug_bytes)") debug info"
if has_perf; then
	faster=$(paired perf.wall report.wall "a / b")
	row "$what" "$(ms "$(of report.wall)")" \
		"perf report --inline $(ms "$(of perf.wall)"), $(printf %.0f "$faster") times" \
		">= 20 times" "$(holds "$faster >= 20")"
	faster=$(paired perf.wall all.wall "a / b")
	row "names: end of record and report" "$(ms "$(of all.wall)")" \
		"perf report --inline $(ms "$(of perf.wall)"), $(printf %.0f "$faster") times" \
		">= 5 times" "$(holds "$faster >= 5")"
else
	row "$what" "$(ms "$(of report.wall)")" "perf: not installed" "" ""
fi

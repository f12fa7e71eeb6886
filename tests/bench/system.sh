#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole busy machine at 100 Hz for a minute: what the recorder takes, how long it needs
# to start and to end.  The machine is kept busy by threads deep in C++, a program that
# lives in the kernel, and one that keeps starting others.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-60}
recording=$BENCH_TMP/system.data

if [ "$(id -u)" != 0 ]; then
	row "system: record -a" "not root" "" "" ""
	exit
fi

# CPU seconds of process $1 so far, as the scheduler accounts them.
cpu_of() {
	awk '{ print $1 / 1e9 }' "/proc/$1/schedstat"
}

# Kilobytes of its own that process $1 has, without the rings.
rss_of() {
	awk '/^RssAnon|^RssFile/ { sum += $2 } END { print sum }' "/proc/$1/status"
}

seconds_since() {
	calc "($(date +%s%N) - $1) / 1e9"
}

record_all() {
	local begin recorder worst=0 now
	"$SYSPROF" record -a -F 100 -o "$recording" 2>"$BENCH_TMP/stderr" &
	recorder=$!
	started+=("$recorder")
	for ((i = 0; i < SECONDS_EACH; i++)); do
		sleep 1
		now=$(rss_of $recorder)
		[ "$now" -le "$worst" ] || worst=$now
	done
	add cpu "$(cpu_of $recorder)"
	add rss "$worst"
	begin=$(date +%s%N)
	kill -INT $recorder
	wait $recorder
	add end "$(seconds_since "$begin")"
	add counted "$(calc "$(counter "$recording" self.cpu_ns) / 1e9")"
	add wall "$(calc "$(counter "$recording" self.wall_ns) / 1e9")"
	add size "$(size "$recording")"
	add samples "$(counter "$recording" samples.cpu)"
	add lost "$(counter "$recording" lost.records)"
}

# From the command to the prompt with hardly anything recorded; what its names take is in it.
record_nothing() {
	timed start "$SYSPROF" record -a -F 100 -d 1ms -o "$BENCH_TMP/short.data"
}

start "$W/deep" 100000
start "$W/kernelheavy" 100000
# shellcheck disable=SC2016
start sh -c 'while :; do "$0" 50 2; done' "$W/shortlived"
for ((round = 1; round <= ROUNDS; round++)); do
	record_nothing
done
say "system: recording for $SECONDS_EACH s"
record_all
for ((round = 1; round <= ROUNDS; round++)); do
	evict "$recording"
	timed report "$SYSPROF" report -i "$recording"
done

percent=$(calc "100 * $(of cpu) / $(of wall)")
row "system: CPU of record -a, $SECONDS_EACH s at 100 Hz" "$(printf '%.2f %%' "$percent") of a core" \
	"by its own count $(printf '%.2f %%' "$(calc "100 * $(of counted) / $(of wall)")")" \
	"<= 1 %" "$(holds "$percent <= 1")"
row "system: memory without the rings, at most" "$(bytes "$(calc "1024 * $(of rss)")")" "" \
	"<= 64 MiB" "$(holds "$(of rss) <= 65536")"
row "system: size of the recording" "$(bytes "$(of size)")" \
	"$(of samples) samples, $(of lost) lost" "<= 5 MB" "$(holds "$(of size) <= 5e6")"
row "system: from Ctrl-C to the prompt" "$(ms "$(of end)")" "" "" ""
row "system: record -a -d 1ms, start to end" "$(ms "$(of start.wall)")" \
	"$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l) processes" "" ""
row "system: report of it" "$(ms "$(of report.wall)")" "" "" ""

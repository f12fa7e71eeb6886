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

# record_all WHO OPTION...
record_all() {
	local who=$1 begin recorder worst=0 now
	shift
	say "system: recording for $SECONDS_EACH s"
	"$SYSPROF" record -a -F 100 "$@" -o "$recording" 2>"$BENCH_TMP/stderr" &
	recorder=$!
	started+=("$recorder")
	for ((i = 0; i < SECONDS_EACH; i++)); do
		sleep 1
		now=$(rss_of $recorder)
		[ "$now" -le "$worst" ] || worst=$now
	done
	add "$who.cpu" "$(cpu_of $recorder)"
	add "$who.rss" "$(calc "1024 * $worst")"
	begin=$(date +%s%N)
	kill -INT $recorder
	wait $recorder
	add "$who.end" "$(seconds_since "$begin")"
	add "$who.counted" "$(calc "$(counter "$recording" self.cpu_ns) / 1e9")"
	add "$who.wall" "$(calc "$(counter "$recording" self.wall_ns) / 1e9")"
	add "$who.size" "$(size "$recording")"
	add "$who.samples" "$(counter "$recording" samples.cpu)"
	add "$who.lost" "$(counter "$recording" lost.records)"
	for ((round = 1; round <= ROUNDS; round++)); do
		evict "$recording"
		timed "$who.report" "$SYSPROF" report -i "$recording"
	done
}

# From the command to the prompt with hardly anything recorded; what its names take is in it.
record_nothing() {
	timed start "$SYSPROF" record -a --cpu-only -F 100 -d 1ms -o "$BENCH_TMP/short.data"
}

percent() {
	printf '%.2f %%' "$(calc "100 * $1 / $2")"
}

rows() {
	local who=$1 what=$2 cpu_reach=$3 rss_reach=$4 size_reach=$5
	row "$what: CPU of the recorder" "$(percent "$(of "$who.cpu")" "$(of "$who.wall")") of a core" \
		"by its own count $(percent "$(of "$who.counted")" "$(of "$who.wall")")" \
		"${cpu_reach:+<= $cpu_reach %}" \
		"${cpu_reach:+$(holds "100 * $(of "$who.cpu") / $(of "$who.wall") <= $cpu_reach")}"
	row "$what: memory without rings" "$(bytes "$(of "$who.rss")")" "" \
		"${rss_reach:+<= $rss_reach MiB}" \
		"${rss_reach:+$(holds "$(of "$who.rss") <= $rss_reach * 1048576")}"
	row "$what: size of the recording" "$(bytes "$(of "$who.size")")" \
		"$(of "$who.samples") samples, $(of "$who.lost") lost" "${size_reach:+<= $size_reach MB}" \
		"${size_reach:+$(holds "$(of "$who.size") <= $size_reach * 1e6")}"
	row "$what: from Ctrl-C to the prompt" "$(ms "$(of "$who.end")")" "" "" ""
	row "$what: report" "$(ms "$(of "$who.report.wall")")" "" "" ""
}

start "$W/deep" 100000
start "$W/kernelheavy" 100000
# shellcheck disable=SC2016
start sh -c 'while :; do "$0" 50 2; done' "$W/shortlived"
for ((round = 1; round <= ROUNDS; round++)); do
	record_nothing
done
record_all cpu --cpu-only
record_all default
rows cpu "-a --cpu-only, $SECONDS_EACH s, 100 Hz" 1 64 5
rows default "-a by default, $SECONDS_EACH s, 100 Hz" "" "" ""
row "-a -d 1ms, from start to end" "$(ms "$(of start.wall)")" \
	"$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l) processes" "" ""

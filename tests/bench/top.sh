#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `sysprof top` takes of a CPU at 100 Hz, with all that it starts, as the kernel accounts
# it: of an idle machine, of one busy program, of a machine that computes and keeps starting
# programs, and of one whose threads switch tens of thousands of times a second.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
SECONDS_EACH=${SECONDS_EACH:-20}
REACH=2
PORT=7391

if [ "$(id -u)" != 0 ]; then
	row "top: CPU" "not root" "" "" ""
	exit
fi

# Seconds of CPU that process $1 has taken, with those that it has waited for.
cpu_with_children() {
	sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$(getconf CLK_TCK)" '{ print ($12 + $13 + $14 + $15) / hz }'
}

switches() {
	awk '/^ctxt/ { print $2 }' /proc/stat
}

# measure WHO OPTION...: after ten seconds, in which what is there gets its names, in the first
# view and that of functions; on a terminal of its own.
measure() {
	local who=$1 terminal top cpu at begin
	shift
	say "top: $who"
	rm -f "$BENCH_TMP/keys"
	mkfifo "$BENCH_TMP/keys"
	TERM=xterm script -qec "stty rows 40 cols 120; exec $SYSPROF top $*" /dev/null \
		<>"$BENCH_TMP/keys" >/dev/null 2>&1 &
	terminal=$!
	started+=("$terminal")
	sleep 10
	top=$(pgrep -P "$terminal")
	for key in 1 3; do
		echo -n $key >"$BENCH_TMP/keys"
		sleep 1
		cpu=$(cpu_with_children "$top") at=$(switches) begin=$(date +%s%N)
		sleep "$SECONDS_EACH"
		add "$who.wall" "$(calc "($(date +%s%N) - $begin) / 1e9")"
		add "$who.cpu" "$(calc "$(cpu_with_children "$top") - $cpu")"
		add "$who.switches" "$(calc "$(switches) - $at")"
	done
	echo -n q >"$BENCH_TMP/keys"
	wait "$terminal"
}

# rows WHO WHAT REACH
rows() {
	local percent
	percent=$(paired "$1.cpu" "$1.wall" "100 * a / b")
	row "top: $2" "$(printf '%.2f %%' "$percent") of a core" \
		"$(printf '%.0f switches/s' "$(paired "$1.switches" "$1.wall" "a / b")")" \
		"<= $REACH %" "$(holds "$percent <= $REACH")"
}

end() {
	kill "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

measure idle -a
rows idle "-a, idle machine"

start "$W/split" 100000
# shellcheck disable=SC2154  # start() sets it
measure one -p "$pid"
rows one "-p, a program that computes"
end "$pid"

start "$W/deep" 100000
busy=("$pid")
# shellcheck disable=SC2016
start sh -c 'while :; do "$0" 50 2; done' "$W/shortlived"
busy+=("$pid")
measure busy -a
rows busy "-a, machine that computes and starts programs"
end "${busy[@]}"

if type -P redis-server redis-benchmark >/dev/null; then
	start redis-server --port $PORT --save ''
	busy=("$pid")
	sleep 1
	start redis-benchmark -p $PORT -n 1000000000 -c 20 -t get,set
	busy+=("$pid")
	measure switching -a
	rows switching "-a, redis under redis-benchmark"
	end "${busy[@]}"
fi

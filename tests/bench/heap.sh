#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What it costs to record memory: a loop that does nothing but malloc() and free(), beside
# heaptrack where there is one; programs that are started with the library; processes that
# are attached to while they grow.
# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
PAIRS=${PAIRS:-20000000}
REQUESTS=${REQUESTS:-200000}
PORT=${PORT:-7399}
recording=$BENCH_TMP/heap.data

if [ "$(id -u)" != 0 ]; then
	row "heap" "not root" "" "" ""
	exit
fi

ours() {
	"$SYSPROF" record --heap -o "$recording" "$@"
}

# What the loop says a pair takes goes to $1.
loop() {
	local who=$1
	shift
	"$@" "$W/mallocs" "$PAIRS" 1024 >"$BENCH_TMP/stdout" 2>"$BENCH_TMP/stderr"
	add "$who" "$(grep -m 1 -xE '[0-9.]+' "$BENCH_TMP/stdout")"
}

loops() {
	loop loop.none env
	loop loop.shim env LD_PRELOAD="$O/libsysprof-heap.so"
	loop loop.ours ours --
	add loop.ours.bytes "$(size "$recording")"
	if type -P heaptrack >/dev/null; then
		# A hundredth of the pairs, as each takes so long.
		PAIRS=$((PAIRS / 100)) loop loop.heaptrack heaptrack -r -o "$BENCH_TMP/ht"
		add loop.heaptrack.bytes "$(calc "100 * $(cat "$BENCH_TMP"/ht* | wc -c)")"
		rm -f "$BENCH_TMP"/ht*
	fi
}

# CPU seconds of the program that COMMAND... starts, and not of COMMAND, to $1.
program() {
	local who=$1
	shift
	"$@" >"$BENCH_TMP/stdout" 2>"$BENCH_TMP/stderr"
	add "$who" "$(awk '$1 == "took" { print $2 + $3 }' "$BENCH_TMP/stdout")"
}

# A shell that runs the program and says what it took.
# shellcheck disable=SC2016
took=(bash -c 'TIMEFORMAT="took %U %S"; { time "$@" >/dev/null 2>&1; } 2>&1' -)

# CPU seconds of process $1 so far.
cpu_of() {
	awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"
}

redis() {
	redis-cli -p "$PORT" "$@" >/dev/null 2>&1
}

# Start redis-server by COMMAND...; the server's id is then in $server.
start_redis() {
	start "$@" redis-server --port "$PORT" --save "" --appendonly no --enable-debug-command yes
	until redis ping; do sleep 0.1; done
	server=$(redis-cli -p "$PORT" info server | tr -d '\r' | sed -n 's/^process_id://p')
}

end_redis() {
	redis shutdown nosave || true
	wait "$pid" || true
}

# CPU time of a server that answers, started by COMMAND..., to $1.
benchmark() {
	local who=$1 before
	shift
	start_redis "$@"
	before=$(cpu_of "$server")
	redis-benchmark -p "$PORT" -q -n "$REQUESTS" -t set,get,lpush >/dev/null 2>&1
	add "$who" "$(calc "$(cpu_of "$server") - $before")"
	end_redis
}

# CPU time of a server that makes 900 MB, and, if $1 is ours, is attached to.
load() {
	local before recorder=
	start_redis env
	if [ "$1" = ours ]; then
		rm -f "$recording"
		start "$SYSPROF" record --heap -p "$server" -o "$recording"
		recorder=$pid
		until "$SYSPROF" dump -i "$recording" 2>/dev/null | grep -q '^resident_totals'; do
			sleep 0.1
		done
	fi
	before=$(cpu_of "$server")
	redis debug populate 900000 key 1000
	add "load.$1" "$(calc "$(cpu_of "$server") - $before")"
	[ -z "$recorder" ] || { kill -INT "$recorder" && wait "$recorder"; } || true
	redis shutdown nosave || true
}

cat >"$BENCH_TMP/words.rs" <<'END'
use std::collections::HashMap;
fn main() {
    let mut words: HashMap<String, Vec<String>> = HashMap::new();
    for i in 0..3_000_000u32 {
        let kept = words.entry(format!("word{}", i % 50_000)).or_default();
        if kept.len() > 8 {
            kept.clear();
        }
        kept.push(i.to_string());
    }
    println!("{}", words.len());
}
END
rustc -C opt-level=2 -o "$BENCH_TMP/words" "$BENCH_TMP/words.rs"
python='
import json
for i in range(60): json.loads(json.dumps([{"k": str(j), "v": [j] * 5} for j in range(4000)]))'

for ((round = 1; round <= ROUNDS; round++)); do
	say "heap: round $round of $ROUNDS"
	loops
	program rust.none "${took[@]}" "$BENCH_TMP/words"
	program rust.ours ours -- "${took[@]}" "$BENCH_TMP/words"
	program python.none "${took[@]}" python3 -c "$python"
	program python.ours ours -- "${took[@]}" python3 -c "$python"
	if type -P redis-server >/dev/null; then
		benchmark redis.none env
		benchmark redis.ours ours --
		load none
		load ours
	fi
done

shim=$(paired loop.shim loop.none '100 * (a / b - 1)')
slower=$(paired loop.ours loop.none '100 * (a / b - 1)')
row "malloc() and free(), $(calc "int(1000 / $(of loop.none))") million pairs/s: CPU time" \
	"$(printf '%+.1f %%' "$slower")" "" "<= 20 %" "$(holds "$slower <= 20")"
row "   the library alone" "$(printf '%+.1f %%' "$shim")" "" "" ""
if [ -e "$BENCH_TMP/loop.heaptrack" ]; then
	added=$(calc "$(of loop.ours) - $(of loop.none)")
	theirs=$(calc "$(of loop.heaptrack) - $(of loop.none)")
	row "   added to a pair, against heaptrack" "$(printf '%.1f ns' "$added")" \
		"$(printf '%.0f ns' "$theirs")" "50 times less" "$(holds "50 * $added <= $theirs")"
	row "   recording, against heaptrack's raw one" "$(bytes "$(of loop.ours.bytes)")" \
		"$(bytes "$(of loop.heaptrack.bytes)")" "100 times less" \
		"$(holds "100 * $(of loop.ours.bytes) <= $(of loop.heaptrack.bytes)")"
fi

# slowdown WHAT WHO REACH: CPU time in files WHO.ours and WHO.none.
slowdown() {
	local more
	more=$(paired "$2.ours" "$2.none" '100 * (a / b - 1)')
	row "$1: CPU time" "$(printf '%+.1f %%' "$more")" "" "<= $3 %" "$(holds "$more <= $3")"
}

slowdown "a Rust program that fills a map, with the library" rust 2
slowdown "a Python program that reads and writes JSON, with the library" python 2
if [ -e "$BENCH_TMP/redis.none" ]; then
	slowdown "redis-server under redis-benchmark, with the library" redis 2
	slowdown "redis-server that makes 900 MB, attached" load 10
fi

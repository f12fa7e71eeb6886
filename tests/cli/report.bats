#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What report prints of recordings made by hand; `make check-cli UPDATE=1` rewrites tests/cli/golden.

load ../lib/golden

report() {
	"$SYSPROF" report "$@"
}

# Of the recording $1, with the other arguments: flat and cum of $2, in samples.
figures() {
	local data=$1 name=$2
	shift 2
	report -i "$data" --json "$@" | jq -r --arg n "$name" \
		'.rows[] | select(.name == $n) | "\(.flat.samples) \(.cum.samples)"'
}

total() {
	report -i "$@" --json | jq '.types[0].total'
}

@test "the table has pprof's columns and the modules" {
	golden report-table report -i "$(recording server)"
}

@test "the table can be sorted by cum and cut to some rows, and says what it leaves out" {
	golden report-cum report -i "$(recording server)" --cum -n 4
}

@test "the tree shows callers first and folds direct recursion" {
	golden report-tree report -i "$(recording server)" --tree
}

@test "the tree says what it leaves out" {
	golden report-tree-min report -i "$(recording server)" --tree --min 20
}

@test "callers and callees of a function are trees from it" {
	data=$(recording server)
	golden report-callers report -i "$data" --callers parse
	golden report-callees report -i "$data" --callees 'fib|serv'
}

@test "rows can be lines, symbols, modules, processes, threads and CPUs" {
	data=$(recording server)
	for key in line symbol module process thread cpu; do
		golden "report-by-$key" report -i "$data" --by "$key"
	done
	diff <(report -i "$data" --lines) <(report -i "$data" --by line)
}

@test "the JSON has the same figures" {
	data=$(recording server)
	golden report-json report -i "$data" --json
	golden report-json-tree report -i "$data" --json --tree
	report -i "$data" --json --callers parse | jq -e '.callers[0][0].name == "parse"'
}

@test "names that would drive a terminal are shown escaped" {
	data=$(recording hostile)
	golden report-hostile report -i "$data"
	golden report-hostile-threads report -i "$data" --by thread
	for args in "" --tree "--by module" --lines --json "--json --tree"; do
		# shellcheck disable=SC2086
		report -i "$data" $args >"$T/out"
		iconv -f UTF-8 -t UTF-8 "$T/out" >/dev/null
		run grep -nP '[\x00-\x08\x0b-\x1f\x7f]' "$T/out"
		[ -z "$output" ]
	done
}

@test "an empty recording has no samples, and says so" {
	golden report-empty report -i "$(recording empty)"
}

@test "a recording that was cut off says so and shows what there is" {
	data=$(recording server)
	head -c -20 "$data" >"$T/cut.data"
	golden report-cut report -i "$T/cut.data"
}

@test "what can be done for stacks that end in code of a JIT is said" {
	cat >"$T/jit.events" <<-'END'
		start time=1s wall_ns=1700000000000000000
		module id=1 type=note path="truncated: no unwind info in [jit] 9"
		frame id=1 module=1 address=0
		stack id=1 frame=1
		sample time=1s pid=9 tid=9 cpu=0 weight=10ms stack=1
		counter time=2s name=unwind.stacks value=100
		counter time=2s name=unwind.complete value=99
		counter time=2s name=unwind.stop.no_info value=1
		end time=2s
	END
	"$SYSPROF" dump --assemble "$T/jit.events" -o "$T/jit.data"
	report -i "$T/jit.data" | grep -F 'in [jit] 9 (JVM: start it with -XX:+PreserveFramePointer)'
	sed s/=100/=200/ "$T/jit.events" >"$T/few.events"
	"$SYSPROF" dump --assemble "$T/few.events" -o "$T/few.data"
	report -i "$T/few.data" >"$T/few"
	! grep -F PreserveFramePointer "$T/few"
}

@test "damage is stated, and what it hides is not passed for something else" {
	data=$(recording server)
	cp "$data" "$T/bad.data"
	printf '\xff' | dd of="$T/bad.data" bs=1 seek=400 conv=notrunc status=none
	report -i "$T/bad.data" | grep -F '! the file is damaged: '
	[ "$(figures "$T/bad.data" '[undefined]')" = "11 11" ]
}

@test "filters by process, thread and CPU keep what they name" {
	data=$(recording server)
	[ "$(total "$data")" = 12 ]
	[ "$(total "$data" --process server)" = 10 ]
	[ "$(total "$data" --process tool)" = 2 ]
	[ "$(total "$data" --process 200)" = 3 ]
	[ "$(total "$data" --thread worker)" = 4 ]
	[ "$(total "$data" --thread 101)" = 5 ]
	[ "$(total "$data" --thread helper,100)" = 5 ]
	[ "$(total "$data" --cpu 1)" = 6 ]
	[ "$(total "$data" --cpu 0-1)" = 12 ]
}

@test "filters by time count from the start or from the end" {
	data=$(recording server)
	[ "$(total "$data" --until 450ms)" = 4 ]
	[ "$(total "$data" --since 0.45)" = 8 ]
	[ "$(total "$data" --since -600ms)" = 2 ]
	[ "$(total "$data" --since 1s --until -600ms)" = 2 ]
	report -i "$data" --since 500ms --until 1500ms --json | jq -e '.duration_ns == 1000000000'
}

@test "filters by function keep or drop whole stacks" {
	data=$(recording server)
	[ "$(total "$data" --focus '^fib$')" = 3 ]
	[ "$(total "$data" --ignore 'main|clone3')" = 2 ]
	[ "$(total "$data" --focus parse --ignore next_char)" = 1 ]
}

@test "without the kernel its time counts for the caller" {
	data=$(recording server)
	[ "$(figures "$data" serve)" = "0 4" ]
	[ "$(figures "$data" serve --no-kernel)" = "1 4" ]
	[ -z "$(figures "$data" ksys_read --no-kernel)" ]
	golden report-filtered report -i "$data" --no-kernel --process server --until -500ms
}

@test "a recursive function counts once a stack" {
	[ "$(figures "$(recording server)" fib)" = "1 3" ]
}

@test "a tid that was given out again is two threads" {
	report -i "$(recording server)" --by thread --json |
		jq -e '[.rows[] | select(.tid == 101) | .name] == ["worker", "helper"]'
}

@test "another value of the profile can be shown" {
	data=$(recording server)
	golden report-samples report -i "$data" --value samples -n 3
	run report -i "$data" --value watts
	[ "$status" = 2 ]
	[[ $output == *"has no value 'watts'; it has: samples, cpu"* ]]
}

@test "lines fit the width that is asked for" {
	data=$(recording server)
	for width in 60 80 120; do
		[ "$(report -i "$data" --width $width | sed '1,/flat/d; /^$/,$d' | wc -L)" -le $width ]
		[ "$(COLUMNS=$width "$SYSPROF" report -i "$data" | sed '1,/flat/d; /^$/,$d' | wc -L)" -le $width ]
	done
	report -i "$data" --width 0 | grep -F 'std::vector<int, std::allocator<int> >::push_back'
}

@test "standard input is a recording too" {
	data=$(recording server)
	diff <(report -i "$data") <(report -i - <"$data")
}

@test "what is wrong is said, and how to put it right" {
	data=$(recording server)
	run report -i "$T/nothing"
	[ "$status" = 1 ]
	[[ $output == *"sysprof record"* ]]
	run report -i "$data" gpu
	[ "$status" = 2 ]
	[[ $output == *"no profile is called 'gpu'; there are: cpu"* ]]
	run report -i "$data" --callers nobody
	[ "$status" = 1 ]
	run report -i "$data" --callers '('
	[ "$status" = 2 ]
	for args in "--by colour" "-n many" "--min 101" "--cpu x" "--since soon" "--focus (" "cpu cpu"; do
		# shellcheck disable=SC2086
		run report -i "$data" $args
		[ "$status" = 2 ] || { echo "$args: $status"; false; }
	done
}

@test "a full disk is a failure" {
	data=$(recording server)
	run bash -c '"$SYSPROF" report -i "$1" >/dev/full' - "$data"
	[ "$status" = 1 ]
	run bash -c '"$SYSPROF" report --json -i "$1" >/dev/full' - "$data"
	[ "$status" = 1 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The pauses of runtimes: against what each logs of them itself.
load ../lib/live
bats_require_minimum_version 1.5.0

report() {
	"$SYSPROF" report pauses --json -n 0 >pauses.json
}

# What ./pauses.json says of its pauses is an unbroken part of log $2 of kind $1.
agrees() {
	"$BATS_TEST_DIRNAME/../lib/pauses.py" "$1" pauses.json "$2"
}

# Record with the arguments until there were $1 steps of pauses.
record_steps() {
	local steps=$1
	shift
	start setsid "$SYSPROF" record --trace "$@"
	await holds sysprof.data "$steps" pause
	send INT
	[ "$status" -eq 0 ]
}

@test "every pause of a Go program is seen, as long as gctrace has it" {
	GODEBUG=gctrace=1 record --trace -- "$W/gogarbage" 3
	report
	agrees go messages
	# It was watched before its exec.
	[ "$(jq '.notes | map(select(test("are seen from"))) | length' pauses.json)" = 0 ]
	[ "$(jq '[.pauses[] | select(.reason == "GC sweep termination" or .reason == "")] | length' \
		pauses.json)" -ge "$(grep -c '^gc ' messages)" ]
}

@test "a Go program stops the goroutine's way: its stack leads to who made the garbage" {
	GODEBUG=gctrace=1 record --trace -- "$W/gogarbage" 2
	report
	at_least "$(jq '[.pauses[] | select(.reason != "GC mark termination") |
		.by | test("main\\.(left|right|work)")] | (map(select(.)) | length) * 100 / length' \
		pauses.json)" 50
}

@test "of a Go program that runs already, pauses are seen from the start" {
	GODEBUG=gctrace=1 "$W/gogarbage" 600 >/dev/null 2>log 3>&- &
	pid=$! started+=("$pid")
	await is_burning "$pid"
	record_steps 250 -p "$pid"
	report
	end_started
	agrees go log
}

@test "a stripped Go program is seen as well" {
	strip -o stripped "$W/gogarbage"
	GODEBUG=gctrace=1 record --trace -- ./stripped 3
	report
	agrees go messages
}

@test "every safepoint of a JVM is seen, as long as its log has it" {
	java -XX:+UseSerialGC -Xmx64m -Xlog:safepoint:file=log::filecount=0 -cp "$W" JavaGarbage 600 \
		>/dev/null 2>&1 3>&- &
	pid=$! started+=("$pid")
	await grep -q 'Safepoint "' log
	record_steps 500 -p "$pid"
	report
	end_started
	agrees jvm log
	# Who was the last to stop is one of its threads, with the way there.
	at_least "$(jq '[.pauses[].last_tid | select(. > 0)] | length' pauses.json)" 1
	jq -e '[.pauses[].last // "" | select(test("SafepointSynchronize::block"))] | length > 0' pauses.json
}

@test "every collection of CPython is seen, where it has its probes" {
	readelf -n /usr/bin/python3 | grep -q gc__start || skip "no probes in /usr/bin/python3"
	cat >collect.py <<-'END'
		import gc
		gc.disable()
		for i in range(60):
		    gc.collect(i % 2)
		for generation in gc.get_stats()[:2]:
		    print(generation["collections"])
	END
	record --trace -- /usr/bin/python3 collect.py
	report
	jq '.pauses | map(.reason) | map(select(. == "generation 0")), map(select(. == "generation 1")) |
		length' pauses.json >counted
	diff stdout counted
}

@test "every collection of V8 is seen, as long as its log has it" {
	cat >garbage.js <<-'END'
		let kept = [];
		for (let i = 0; i < 1500000; i++) {
			kept.push({ i, text: 'x' + i });
			if (kept.length > 200000)
				kept = [];
		}
	END
	record --trace -- node --trace-gc garbage.js
	report
	agrees v8 stdout
	jq -e '[.pauses[] | select(.reason == "scavenge") | .by |
		test("StartObservablePause")] | length > 0 and all' pauses.json
}

@test "the pauses of whoever there is are seen with -a" {
	start "$W/gogarbage" 600
	target=$pid
	await is_burning "$target"
	record_steps 100 -a
	report
	[ "$(jq "[.pauses[] | select(.pid == $target)] | length" pauses.json)" -gt 0 ]
}

@test "a target that is killed ends the recording; one that goes on misses nothing of the recorder" {
	start "$W/gogarbage" 600
	target=$pid
	await is_burning "$target"
	start setsid "$SYSPROF" record --trace -p "$target"
	await holds sysprof.data 20 pause
	kill -9 "$target"
	wait "$pid"
	report
	[ "$(jq '.pauses | length' pauses.json)" -gt 0 ]

	start "$W/gogarbage" 600
	target=$pid
	await is_burning "$target"
	start setsid "$SYSPROF" record --trace -o killed.data -p "$target"
	await holds killed.data 20 pause
	kill -9 "$pid"
	nobody_is_left() {
		! pgrep -f "record --trace -o killed.data -p $target" >/dev/null
	}
	await nobody_is_left
	n=$(awk '{ print $14 + $15 }' "/proc/$target/stat")
	has_gone_on() {
		[ "$(awk '{ print $14 + $15 }' "/proc/$target/stat")" -gt $((n + 10)) ]
	}
	await has_gone_on
}

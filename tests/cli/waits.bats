#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What reports say of the time that threads do not run; tests/data/waits.events has the sums
# that were made on paper.  `make check-cli UPDATE=1` rewrites tests/cli/golden.

load ../lib/golden

report() {
	"$SYSPROF" report "$@"
}

@test "block shows where threads wait, and idle ones apart" {
	data=$(recording waits)
	golden block-table report -i "$data" block
	golden block-tree report -i "$data" block --tree
	golden block-idle report -i "$data" block --idle --by thread
}

@test "exact durations are spread over the sampled stacks of about the same duration" {
	report -i "$(recording waits)" block --json >"$T/json"
	[ "$(jq -c '.rows[] | select(.name == "[sleep: clock_nanosleep]") | .flat' "$T/json")" = \
		'{"contentions":3,"delay":300000000}' ]
	[ "$(jq -c '.rows[] | select(.name == "[not sampled]") | .flat' "$T/json")" = \
		'{"contentions":1,"delay":10000}' ]
	jq -e '.types[1] | .total == 800010000 and .unfiltered_total == 2700010000' "$T/json"
}

@test "waits can be filtered by class" {
	data=$(recording waits)
	[ "$(report -i "$data" block --json --wait lock | jq '.types[1].total')" = 200000000 ]
	[ "$(report -i "$data" block --json --wait disk,sleep | jq '.types[1].total')" = 600000000 ]
	[ "$(report -i "$data" block --json --idle --wait poll | jq '.types[1].total')" = 900000000 ]
	run report -i "$data" block --wait hunger
	[ "$status" = 2 ]
	[[ $output == *"there are: other, lock, condvar"* ]]
}

@test "wakers joins the stacks of who waits and of who ended it" {
	data=$(recording waits)
	golden block-wakers report -i "$data" block --wakers --tree
	diff <(report -i "$data" block --wakers) <(report -i "$data" wakers)
}

@test "every thread's states sum to its life" {
	data=$(recording waits)
	golden threads report -i "$data" threads
	report -i "$data" threads --json >"$T/json"
	jq -e 'all(.threads[]; .lifetime_ns ==
		.running_ns + .runnable_ns + .blocked_ns + .unknown_ns)' "$T/json"
	jq -e '.threads[] | select(.name == "worker") | .running_ns == 460000000 and
		.runnable_ns == 40000000 and .lock_ns == 200000000 and .disk_ns == 300000000' "$T/json"
	jq -e '.threads[] | select(.name == "late") | .lifetime_ns == 280000000' "$T/json"
	jq -e '[.threads[] | select(.idle_ns > 0).name] == ["main", "pool"]' "$T/json"
	[ "$(report -i "$data" threads --thread worker,late --json | jq '.threads | length')" = 2 ]
	report -i "$data" threads --since 0.5 --json |
		jq -e '.threads[] | select(.name == "main") | .lifetime_ns == 500000000'
}

@test "cpu prints the exact running time beside its sum" {
	report -i "$(recording waits)" cpu --thread worker |
		grep -F '! by the switches, which are exact, these threads ran for 460ms'
}

@test "block goes into pprof as Go's profile does" {
	"$SYSPROF" export -i "$(recording waits)" block -o "$T/block.pb.gz"
	report -i "$T/waits.data" block --json >"$T/block.json"
	"$BATS_TEST_DIRNAME/../lib/pprof.py" check "$T/block.pb.gz"
	go tool pprof -top -unit=ns -nodefraction=0 -nodecount=0 "$T/block.pb.gz" 2>/dev/null |
		"$BATS_TEST_DIRNAME/../lib/pprof.py" agree "$T/block.pb.gz" "$T/block.json"
}

@test "latency shows how long threads waited for a CPU and who had it" {
	data=$(recording waits)
	golden latency report -i "$data" latency
	report -i "$data" latency --json >"$T/json"
	jq -e '.threads[] | select(.name == "worker") | .count == 2 and .preempted == 1 and
		.total_ns == 40000000 and .max_ns == 30000000' "$T/json"
	jq -e '([.histogram[].total_ns] | add) == ([.threads[].total_ns] | add)' "$T/json"
	jq -e '.instead[] | select(.name == "late") | .total_ns == 30000000' "$T/json"
}

@test "syscalls are counted by call and thread, with failures and quantiles" {
	data=$(recording syscalls)
	golden syscalls report -i "$data" syscalls
	report -i "$data" syscalls --json | jq -e '.syscalls[0] | .syscall == "read" and
		.calls == 101 and .errors == 2 and .total_ns == 2100000 and .max_ns == 2000000 and
		.p99_ns >= 1000 and .p99_ns <= 1070'
	run report -i "$(recording waits)" syscalls
	[ "$status" = 1 ]
	[[ $output == *"record with --trace"* ]]
}

@test "diagnose names the largest causes, what is to blame and the command that shows more" {
	data=$(recording waits)
	golden diagnose "$SYSPROF" diagnose -i "$data"
	"$SYSPROF" diagnose -i "$data" --json | jq -e '.findings | length == 3 and
		.[0].ns == 1279990000 and .[1].blame == "disk: read /var/db, in work"'
	[ "$("$SYSPROF" diagnose -i "$data" | wc -l)" -le 20 ]
	"$SYSPROF" diagnose -i "$data" --thread worker |
		grep -F 'sysprof report block --wait lock'
	"$SYSPROF" diagnose -i "$data" --thread pool | grep -F 'nothing stands out'
}

@test "a recording without switches says so and what to do" {
	data=$(recording server)
	for profile in block wakers threads latency; do
		run report -i "$data" "$profile"
		[ "$status" = 1 ]
		[[ $output == *"no $profile: "*"record as root and without --cpu-only"* ]]
	done
	run "$SYSPROF" diagnose -i "$data"
	[ "$status" = 1 ]
}

@test "what does not go with a profile is refused" {
	data=$(recording waits)
	for args in "threads --tree" "threads --by module" "threads --focus main" "threads --cpu 1" \
		"block --cpu 1" "cpu --wait lock" "cpu --idle" "cpu --wakers"; do
		# shellcheck disable=SC2086
		run report -i "$data" $args
		[ "$status" = 2 ] || { echo "$args: $status"; false; }
	done
	run "$SYSPROF" export -i "$data" threads -o "$T/x.pb.gz"
	[ "$status" = 2 ]
}

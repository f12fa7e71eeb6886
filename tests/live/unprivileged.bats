#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Without privilege: own processes, user space only, and a sentence that says so.
load ../lib/live
bats_require_minimum_version 1.5.0

setup() {
	place=$(mktemp -d)
	chmod 777 "$place"
	cp "$SYSPROF" "$W/split" "$place"
	cd "$place" || return 1
	paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)
	started=()
}

teardown() {
	end_started
	echo "$paranoid" >/proc/sys/kernel/perf_event_paranoid
	cd / && rm -rf "$place"
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env HOME=/nonexistent "$@"
}

@test "an own process is recorded where the kernel allows user space only" {
	echo 2 >/proc/sys/kernel/perf_event_paranoid
	as_nobody ./sysprof record -F 997 -- ./split 2 >stdout 2>messages
	[ "$(stat -c %u:%a sysprof.data)" = 65534:600 ]
	as_nobody ./sysprof export cpu --value cpu -f folded -o folded
	all=$(jq 'add' stdout)
	has_share burn_50 "$(jq "100 * .burn_50 / $all" stdout)"
	at_least "$(share main)" 99
	grep -qi kernel messages
	grep ', 0 lost;' messages || { cat messages; false; }
}

@test "an own process that runs already is recorded" {
	echo 2 >/proc/sys/kernel/perf_event_paranoid
	as_nobody ./split 20 >/dev/null 3>&- &
	started+=($!)
	sleep 0.3
	target=$(pgrep -n -u 65534 -x split)
	as_nobody ./sysprof record -F 997 -d 1 -p "$target" 2>messages
	as_nobody ./sysprof export cpu --value cpu -f folded -o folded
	at_least "$(share burn_50)" 40
}

@test "the process of another is refused with the command that would do it" {
	echo 2 >/proc/sys/kernel/perf_event_paranoid
	start "$W/split" 20
	run -1 as_nobody ./sysprof record -d 1 -p "$pid"
	[[ "$output" == *sudo* ]]
	[ "${#lines[@]}" = 1 ]
}

@test "all processes are refused with the command that would do it" {
	echo 2 >/proc/sys/kernel/perf_event_paranoid
	run -1 as_nobody ./sysprof record -d 1 -a
	[[ "$output" == *sudo* ]]
}

@test "where the kernel allows nothing, that is said with the remedy" {
	echo 4 >/proc/sys/kernel/perf_event_paranoid
	run as_nobody ./sysprof record -F 997 -- ./split 0.2
	# Kernels without Debian's patch know no level above 2 and record all the same.
	[ "$status" = 0 ] || [[ "$output" == *perf_event_paranoid* || "$output" == *sudo* ]]
}

@test "what root recorded under sudo opens without privilege" {
	SUDO_UID=65534 SUDO_GID=65534 ./sysprof record -F 997 -- ./split 1 >/dev/null 2>&1
	as_nobody ./sysprof report -i sysprof.data >report
	grep -q burn_50 report
}

@test "check says without privilege what works and what would help" {
	run as_nobody ./sysprof check
	[[ "$output" == *perf* ]]
}

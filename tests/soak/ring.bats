#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A flight recorder that waits for hours does not grow, though what happens is ever new.
load ../lib/live
bats_require_minimum_version 1.5.0

rss_kib() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}

@test "a ring's memory does not grow with time, and what it writes is whole" {
	[ "$TIME" -ge 60 ] || TIME=60
	start "$W/threads" 64 100000
	start "$W/pingpong" 100000
	start sh -c 'while :; do "$0" 50 2; done' "$W/shortlived"
	# So small that definitions are given new ids every few seconds.
	"$SYSPROF" record -a -F 997 --ring 5 --ring-size 16M -d "$TIME" -o sysprof.data \
		2>messages 3>&- &
	recorder=$!
	started+=("$recorder")
	sleep "$(awk "BEGIN { print $TIME / 3 }")"
	early=$(rss_kib "$recorder")
	sleep "$(awk "BEGIN { print $TIME * 0.6 }")"
	late=$(rss_kib "$recorder")
	wait "$recorder"
	cat messages
	echo "resident: $early KiB after a third, $late KiB at the end" | tee /dev/stderr
	at_least "$(awk "BEGIN { print $early * 1.25 + 4096 }")" "$late"
	run ! grep '^bad definitions' <("$SYSPROF" info)
	"$SYSPROF" report threads | grep 'running + runnable + blocked + unknown miss 0s of it'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Recording for long neither grows nor loses: make soak TIME=3600 for an hour of it.
load ../lib/live
bats_require_minimum_version 1.5.0

rss_kib() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}

@test "the recorder's memory does not grow with time, and nothing is lost" {
	# A third of the time fills caches and rings: shorter than this, that takes longer.
	[ "$TIME" -ge 60 ] || TIME=60
	start "$W/threads" 64 100000
	start "$W/goburn" 100000
	start sh -c 'while :; do "$0" 50 2; done' "$W/shortlived"
	"$SYSPROF" record -a -F 997 -d "$TIME" -o sysprof.data 2>messages 3>&- &
	recorder=$!
	started+=("$recorder")
	sleep "$(awk "BEGIN { print $TIME / 3 }")"
	early=$(rss_kib "$recorder")
	sleep "$(awk "BEGIN { print $TIME * 0.6 }")"
	late=$(rss_kib "$recorder")
	wait "$recorder"
	cat messages
	echo "resident: $early KiB after a third, $late KiB at the end" | tee /dev/stderr
	# What is new for ever, such as the processes of shortlived, may take a little.
	at_least "$(awk "BEGIN { print $early * 1.25 + 4096 }")" "$late"
	grep -q ' 0 lost' messages
}

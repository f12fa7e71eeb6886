#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A server that records whether anybody asks or not, and one that a service manager starts.
load ../lib/live
load ../lib/serve
bats_require_minimum_version 1.5.0

# The child of the server that records; fails while there is none.
recorder() {
	local child
	for child in $(pgrep -P "$server"); do
		[ "$(stat -c %U "/proc/$child" 2>/dev/null)" != root ] || { echo "$child" && return; }
	done
	return 1
}

rss_kib() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}

@test "the past is there when it is first asked for" {
	start "$W/locks" mutex 300
	target=$pid
	serve --continuous=waits
	await recorder
	sleep 8
	# Of 6 seconds, in less than the 5 that a target takes which was not watched.
	curl -gsS -o body -m 4 "$at/pid/$target/debug/pprof/locks?last=6&format=json"
	near "$(jq '.duration_ns / 1e9' body)" 6 0.5
	jq -e '.locks[] | select(.lock == "g_server.pool[0].lock")' body
	curl -gsS -o body "$at/debug/pprof/block"
	go tool pprof -raw body | grep -q 'cumulative: watched since'
	[ "$(pgrep -P "$server" | wc -l)" = 2 ]
}

@test "processes that come and go do not make it grow, and a recorder that is killed comes again" {
	serve --continuous --ring-size=8M
	await recorder
	recorder=$(recorder)
	start sh -c 'while :; do "$0" 50 1; done' "$W/shortlived"
	sleep 10
	early=$(rss_kib "$recorder")
	sleep 10
	late=$(rss_kib "$recorder")
	echo "resident: $early KiB after 10 s, $late KiB after 20 s"
	[ "$(recorder)" = "$recorder" ]
	at_least "$(awk "BEGIN { print $early * 1.5 + 8192 }")" "$late"
	curl -gsS -o body "$at/debug/pprof/profile?last=10"
	go tool pprof -top body | grep -q brief_burn
	kill -9 "$recorder"
	await eval "recorder && [ \"\$(recorder)\" != $recorder ]"
	curl -gsS -o body -w '%{http_code}' "$at/debug/pprof/profile?last=2" | grep -qx 200
}

@test "tens of thousands of processes leave the recorder as large as its past" {
	serve --continuous --ring-size=8M
	await recorder
	recorder=$(recorder)
	start "$W/spawner"
	sleep 10
	early=$(rss_kib "$recorder")
	sleep 15
	late=$(rss_kib "$recorder")
	echo "resident: $early KiB after 10 s, $late KiB after 25 s"
	[ "$(recorder)" = "$recorder" ]
	# What the past may hold may have been empty, where others have the CPUs.
	at_least "$(awk "BEGIN { print $early * 1.25 + 8192 }")" "$late"
	curl -gsS -o body -w '%{http_code}' "$at/debug/pprof/profile?last=10" | grep -qx 200
}

@test "a service manager is told when it is ready" {
	python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(60)
print(s.recv(99).decode(), flush=True)
print(s.recv(99).decode(), flush=True)' >told 3>&- &
	started+=($!)
	await test -S notify
	NOTIFY_SOCKET=$PWD/notify serve
	await grep -qx READY=1 told
	kill "$server" && wait "$server"
	server=
	await grep -qx STOPPING=1 told
}

@test "what the service leaves it is enough to record" {
	start "$W/split" 300
	target=$pid
	caps=$(sed -e ':a;/\\$/{N;s/\\\n//;ba}' "$BATS_TEST_DIRNAME/../../systemd/sysprof-serve.service.in" |
		sed -n 's/^CapabilityBoundingSet=//p' | grep -oE 'CAP_[A-Z_]+' |
		sed 's/^CAP_/+/' | tr 'A-Z\n' 'a-z,' | sed 's/,$//')
	[[ $caps == *sys_admin*setuid* ]]
	setpriv --bounding-set "-all,$caps" --inh-caps -all --no-new-privs \
		"$SYSPROF" serve --continuous --listen 127.0.0.1:0 >/dev/null 2>server.log 3>&- &
	server=$!
	await is_serving
	at=$(sed -nE 's,.*serving at ([^ ]*)/$,\1,p' server.log)
	curl -gsS -o body "$at/pid/$target/debug/pprof/profile?seconds=2"
	go tool pprof -top body | grep -q burn_50
	curl -gsS -o body -w '%{http_code}' "$at/pid/$target/debug/pprof/trace?seconds=0.5" | grep -qx 200
}

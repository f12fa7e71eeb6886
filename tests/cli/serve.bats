#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The server's HTTP side stands whatever it is sent.  With SAN=1 its findings are failures, too.
bats_require_minimum_version 1.5.0

teardown() {
	[ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
}

@test "nothing that is sent ends the server, or makes it grow" {
	cd "$BATS_TEST_TMPDIR"
	"$SYSPROF" serve --listen 127.0.0.1:0 >/dev/null 2>server.log 3>&- &
	server=$!
	for ((i = 0; i < 300; i++)); do
		! grep -q 'serving at' server.log || break
		sleep 0.1
	done
	port=$(sed -nE 's,.*serving at http://127.0.0.1:([0-9]+)/$,\1,p' server.log)
	http=$(pgrep -o -P "$server")
	python3 "$BATS_TEST_DIRNAME/../lib/http_fuzz.py" "$port" 5
	early=$(awk '/^RssAnon/ { print $2 }' "/proc/$http/status")
	python3 "$BATS_TEST_DIRNAME/../lib/http_fuzz.py" "$port" 10
	late=$(awk '/^RssAnon/ { print $2 }' "/proc/$http/status")
	echo "resident: $early KiB, then $late KiB"
	# A sanitizer keeps what was freed for a while: up to 256 MiB.
	awk -v early="$early" -v late="$late" 'BEGIN { exit !(late < 1.25 * early + 300000) }'
	[ "$(pgrep -o -P "$server")" = "$http" ] # the same process
	kill "$server"
	wait "$server"
	server=
	cat server.log
	run ! grep -qE 'Sanitizer|runtime error' server.log
}

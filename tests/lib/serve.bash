# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests/live: a server of ours, which ends with its test.

teardown() {
	tell_failure
	[ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
	end_started
}

is_serving() {
	grep -q 'serving at' server.log
}

# Start the server; then $at is where it serves, without the last slash.
serve() {
	"$SYSPROF" serve --listen 127.0.0.1:0 "$@" >/dev/null 2>server.log 3>&- &
	server=$!
	await is_serving
	at=$(sed -nE 's,.*serving at ([^ ]*)/$,\1,p' server.log)
}

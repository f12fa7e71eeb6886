# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests/live: a server of ours, which ends with its test, and what asks it.

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

# Of URL, below $at: the status; the head is then in ./header, the body in ./body.
get() {
	curl -gsS -D header -o body -w '%{http_code}\n' "${@:2}" "$at$1"
}

has_header() {
	tr -d '\r' <header | grep -qixF "$1" || { cat header; false; }
}

# Children of the server that record.
n_recorders() {
	local n=0 child
	for child in $(pgrep -P "$server"); do
		[ "$(stat -c %U "/proc/$child" 2>/dev/null)" != root ] || n=$((n + 1))
	done
	echo $n
}

no_recorder() {
	[ "$(n_recorders)" = 0 ]
}

some_recorder() {
	[ "$(n_recorders)" != 0 ]
}

# The resident memory of process $1 that is its own, in KiB.
own_kib() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}

# What was $1 KiB has not become more than chance and its tables explain; $2 is what it is.
stays() {
	echo "resident: $1 KiB, then $2 KiB"
	at_least "$(awk "BEGIN { print $1 * 1.25 + 2048 }")" "$2"
}

# $1 clients at a time ask for the path $2 for $3 seconds.  Whatever is not 200 or 429 is told.
press() {
	wrk -t2 -c"$1" -d"$3" --timeout 30 --latency -s "$BATS_TEST_DIRNAME/../lib/wrk.lua" "$at$2" >pressed 2>&1 3>&-
	cat pressed
	grep -q '^answers: .*, others 0$' pressed
	run ! grep -q '^  Socket errors: ' pressed
}

# As a server that profiles all the time does: everything of each target at once, every ten
# seconds for $1 of them, while targets come and go.
scrape_all() {
	local end=$((SECONDS + $1)) round=0 targets=() target name next
	while [ $SECONDS -lt "$end" ]; do
		round=$((round + 1))
		next=$((SECONDS + 10))
		while [ ${#targets[@]} -lt 10 ]; do
			start "$W/locks" mutex 100000
			targets+=("$pid")
		done
		local jobs=()
		for target in "${targets[@]}"; do
			for name in allocs block goroutine mutex 'profile?seconds=5'; do
				curl -gsS -o "scrape.$round.$target.${name%%\?*}" \
					-w "%{http_code} %{content_type} ${name%%\?*}\n" \
					"$at/pid/$target/debug/pprof/$name" >>answers 3>&- &
				jobs+=($!)
			done
		done
		wait "${jobs[@]}"
		for target in "${targets[@]:0:3}"; do
			{ kill -9 "$target" && wait "$target"; } 2>/dev/null || true
		done
		targets=("${targets[@]:3}")
		[ $SECONDS -ge $next ] || sleep $((next - SECONDS))
	done
	sort answers | uniq -c
	[ "$(grep -c '^200 application/octet-stream ' answers)" = $((50 * round)) ]
	[ "$(wc -l <answers)" = $((50 * round)) ]
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check scrape.*
	rm scrape.*
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Profiles are sent to a server that takes them, or does not.
load ../lib/live
load ../lib/serve

# A server that answers $@; then $to is where it is.
ingest() {
	python3 "$BATS_TEST_DIRNAME/../lib/ingest.py" "$@" >asked 3>&- &
	started+=($!)
	await test -s asked
	to=http://127.0.0.1:$(head -n 1 asked)
}

# How many requests were answered so.
n_answered() {
	grep -c "^$1 [0-9]" asked || true
}

has_answered() {
	[ "$(n_answered "$1")" -ge "$2" ]
}

@test "what a process does is pushed, with who it is, again after each failure" {
	start "$W/split" 300
	target=$pid
	ingest 500 gone 429 400 422 200
	serve -p "$target" --push "$to" --push-every 1
	await has_answered 200 3
	cat asked
	# What was refused for good is not sent again; all else was.
	[ "$(n_answered 400)" = 1 ]
	[ "$(n_answered 422)" = 1 ]
	sed -n 's,^500 [0-9]* ,,p' asked >first
	[ "$(sed -n 's,^gone [0-9]* ,,p' asked)" = "$(cat first)" ]
	[ "$(sed -n 's,^429 [0-9]* ,,p' asked)" = "$(cat first)" ]
	[ "$(sed -n 's,^400 [0-9]* ,,p' asked)" = "$(cat first)" ]
	grep -qE "^/ingest\?name=split%7Bservice%3Dsplit%2Chost%3D$(hostname)%2Cpid%3D$target%2Ccgroup%3D[^&]*%7D&from=[0-9]+&until=[0-9]+&format=pprof&sampleRate=100&spyName=sysprof$" first
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check pushed
	go tool pprof -top pushed 2>/dev/null | grep -q burn_50
	grep -q 'answers 500: profiles wait' server.log
	grep -q 'answers again' server.log
	grep -q 'refuses a profile: 400' server.log
}

@test "a server that is slow keeps nobody, and who sends has no privilege" {
	start "$W/split" 300
	ingest slow 200
	serve --push "$to/" --push-every 1
	await has_answered slow 1
	[ "$(get "/pid/$pid/debug/pprof/profile?last=1" --max-time 8)" = 200 ]
	for child in $(pgrep -P "$server"); do
		! grep -qE '^Uid:.65534.65534.65534.65534$' "/proc/$child/status" || users+=("$child")
	done
	[ "${#users[@]}" = 2 ]
	for child in "${users[@]}"; do
		grep -qE '^CapEff:.0+$' "/proc/$child/status"
	done
	await has_answered 200 1
	grep -q 'does not answer: profiles wait' server.log
	begun=$SECONDS
	kill "$server"
	wait "$server"
	server=
	[ $((SECONDS - begun)) -lt 8 ]
}

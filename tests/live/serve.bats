#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The endpoints of Go's net/http/pprof, of programs that do not have them.
load ../lib/live
load ../lib/serve
bats_require_minimum_version 1.5.0

# The sum of value $2 over all samples with function $3 among their frames, in ./$1.
sum_of() {
	go tool pprof -sample_index="$2" -unit=ns -cum -top -nodecount=0 -nodefraction=0 "$1" 2>/dev/null |
		awk -v name="$3" 'NR > 1 && index($0, name) { sub(/[a-z]+$/, "", $4); print $4 + 0; exit }'
}

@test "a CPU profile is Go's in all that its readers look at, and true" {
	start "$W/split" 300
	target=$pid
	serve
	await is_burning "$target"
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=2&hz=500")" = 200 ]
	has_header 'Content-Type: application/octet-stream'
	has_header 'Content-Disposition: attachment; filename="profile"'
	has_header 'X-Content-Type-Options: nosniff'
	run ! grep -qi '^content-encoding' header
	go tool pprof -raw body >raw
	grep -q '^PeriodType: cpu nanoseconds' raw
	grep -q '^samples/count cpu/nanoseconds' raw
	go tool pprof -cum -top -nodecount=0 body >top
	awk '$NF ~ /burn_50/ { found = $5 + 0 } END { exit !(found >= 40 && found <= 60) }' top ||
		{ cat top; false; }
}

@test "block and mutex are cumulative, and seconds= gives a difference" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	cp body first
	go tool pprof -raw first | grep -q 'cumulative: watched since'
	go tool pprof -raw first | grep -q '^contentions/count delay/nanoseconds'
	[ "$(get "/pid/$target/debug/pprof/mutex?seconds=1")" = 200 ]
	has_header 'Content-Disposition: attachment; filename="mutex-delta"'
	cp body delta
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	cp body second
	a=$(sum_of first delay '[mutex: g_server.pool[0]')
	b=$(sum_of second delay '[mutex: g_server.pool[0]')
	d=$(sum_of delta delay '[mutex: g_server.pool[0]')
	echo "first $a, a second of it $d, then $b"
	# What a second adds is in the later sum, and the first was of five times as long.
	awk -v a="$a" -v b="$b" -v d="$d" 'BEGIN { exit !(a > 0 && d > 0 && b >= a + 0.8 * d && d < a) }'
	[ "$(get "/pid/$target/debug/pprof/block?debug=1")" = 200 ]
	has_header 'Content-Type: text/plain; charset=utf-8'
	grep -q '^--- contention:' body
	[ "$(get "/pid/$target/debug/pprof/delta_block")" = 200 ]
	[ "$(get "/pid/$target/debug/pprof/delta_block")" = 200 ]
	go tool pprof -top body >/dev/null
	[ "$(n_recorders)" = 1 ]
}

@test "who holds the memory of a process that runs is told" {
	start "$W/split" 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/heap")" = 200 ]
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check body
	rss=$(awk '/^Rss:/ { print 1024 * $2 }' "/proc/$target/smaps_rollup")
	go tool pprof -sample_index=inuse_space -unit=b -top body >top
	awk -v rss="$rss" '/nodes accounting for/ { of = $(NF - 1) + 0; exit !(of > 0.7 * rss && of < 1.3 * rss) }' top ||
		{ echo "resident: $rss"; cat top; false; }
	[ "$(get "/pid/$target/debug/pprof/allocs?debug=1")" = 200 ]
	grep -q '^heap profile: ' body
}

# Of value $1 in ./$2: the sum over all samples, in bytes.
total_of() {
	go tool pprof -sample_index="$1" -unit=b -top "$2" 2>/dev/null |
		awk '/nodes accounting for/ { print $(NF - 1) + 0; exit }'
}

@test "the memory of several processes is told, and of no other" {
	start "$W/split" 300
	one=$pid
	start "$W/locks" mutex 300
	other=$pid
	serve
	[ "$(get /comm/split/debug/pprof/heap)" = 200 ]
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check body
	go tool pprof -tags body 2>/dev/null >tags
	grep -qw "$one" tags
	run ! grep -qw "$other" tags
	[ "$(get /debug/pprof/allocs)" = 200 ]
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check body
	[ "$(get /debug/pprof/heap)" = 200 ]
	go tool pprof -tags body 2>/dev/null >tags
	grep -qw "$one" tags
	grep -qw "$other" tags
	[ "$(n_recorders)" = 1 ]
}

@test "a process's profile is of no other process" {
	start "$W/split" 300
	one=$pid
	start "$W/locks" mutex 300
	other=$pid
	serve
	# With a recorder of all, in which every process is.
	[ "$(get '/debug/pprof/block')" = 200 ]
	for what in "profile?seconds=1" "block?seconds=1" goroutine heap; do
		[ "$(get "/pid/$one/debug/pprof/$what")" = 200 ]
		go tool pprof -tags body 2>/dev/null >tags
		awk -v pid="$one" '/^ [a-z]+:/ { key = $1 } key == "pid:" && / [0-9]+$/ && $NF != pid { print; bad = 1 }
			END { exit bad }' tags || { cat tags; false; }
	done
	[ "$(n_recorders)" = 1 ]
}

@test "what memory and threads change by is told as a difference" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/delta_heap")" = 200 ]
	cp body first
	[ "$(get "/pid/$target/debug/pprof/delta_heap")" = 200 ]
	# Nothing was touched meanwhile; what is resident is told all the same.
	[ "$(total_of inuse_space body)" -gt 500000 ]
	[ "$(total_of alloc_space body)" -le "$(total_of alloc_space first)" ]
	[ "$(get "/pid/$target/debug/pprof/heap?seconds=1")" = 200 ]
	has_header 'Content-Disposition: attachment; filename="heap-delta"'
	held=$(total_of inuse_space body)
	[ "${held:-0}" -lt 500000 ]
	[ "$(get "/pid/$target/debug/pprof/goroutine?seconds=1")" = 200 ]
	has_header 'Content-Disposition: attachment; filename="goroutine-delta"'
	# Threads go from one place to another: as many are less there as are more here.
	go tool pprof -raw body >raw
	[ "$(awk '/^Samples/ { on = 1 } /^Locations/ { on = 0 } on && /^ +-?[0-9]+: / { n += $1 } END { print n + 0 }' raw)" = 0 ]
	[ "$(get "/pid/$target/debug/pprof/allocs?seconds=1&debug=1")" = 400 ]
	grep -qx 'seconds and debug params are incompatible' body
}

@test "an answer is as small as it is wanted" {
	start "$W/split" 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=1&hz=500&maxsamples=2")" = 200 ]
	python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check body
	go tool pprof -raw body >raw
	[ "$(awk '/^Samples/ { on = 1 } /^Locations/ { on = 0 } on && /^ +[0-9]+ +[0-9]+: / { n++ } END { print n }' raw)" = 2 ]
	grep -q 'maxsamples: the smallest' raw
	go tool pprof -top body 2>/dev/null | grep -q 'the smallest, left out'
}

@test "addresses have names, of the process and of the kernel" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	await is_asleep "$target"
	main=$(nm "$W/locks" | awk '$3 == "main" { print $1 }')
	first=$(awk 'NR == 1 { sub(/-.*/, "", $1); print $1 }' "/proc/$target/maps")
	address=$(printf '0x%x' $((0x$first + 0x$main + 1)))
	[ "$(get "/pid/$target/debug/pprof/symbol?$address+0x10+zzz")" = 200 ]
	has_header 'Content-Type: text/plain; charset=utf-8'
	[ "$(cat body)" = "$(printf 'num_symbols: 1\n%s main' "$address")" ]
	[ "$(get "/pid/$target/debug/pprof/symbol" --data-binary "0x10+$address")" = 200 ]
	[ "$(tail -n 1 body)" = "$address main" ]
	schedule=0x$(awk '$3 == "schedule" { print $1; exit }' /proc/kallsyms)
	[ "$(get "/debug/pprof/symbol?$schedule+$address")" = 200 ]
	[ "$(tail -n 1 body)" = "$schedule schedule" ]
	# Of a process it is not told where the kernel is.
	[ "$(get "/pid/$target/debug/pprof/symbol?$schedule")" = 200 ]
	[ "$(cat body)" = 'num_symbols: 1' ]
	seq -s+ 1 20000 >many
	[ "$(get "/pid/$target/debug/pprof/symbol" --data-binary @many)" = 413 ]
	[ "$(get /pid/999999999/debug/pprof/symbol?0x1)" = 404 ]
	no_recorder
}

@test "every thread is found where it stands" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/goroutine")" = 200 ]
	n=$(find "/proc/$target/task" -mindepth 1 -maxdepth 1 | wc -l)
	go tool pprof -raw body >raw
	[ "$(awk '/^Samples/ { on = 1 } /^Locations/ { on = 0 } on && /^ +[0-9]+: / { n += $1 } END { print n }' raw)" = "$n" ]
	[ "$(get "/comm/locks/debug/pprof/goroutine?debug=2")" = 200 ]
	[ "$(grep -c "^thread .* of process $target " body)" = "$n" ]
	grep -q 'pthread_clockjoin' body
	[ "$(get "/pid/$target/debug/pprof/threadcreate?debug=1")" = 200 ]
	grep -qx "threadcreate profile: total $n" body
}

@test "a trace comes in three forms" {
	start "$W/waits" 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/trace?seconds=0.5")" = 200 ]
	has_header 'Content-Disposition: attachment; filename="trace"'
	jq -e '.traceEvents | length > 10' body >/dev/null
	[ "$(get "/pid/$target/debug/pprof/trace?seconds=0.5&format=pftrace")" = 200 ]
	[ "$(get "/pid/$target/debug/pprof/trace?seconds=0.5&format=html")" = 200 ]
	has_header 'Content-Type: text/html; charset=utf-8'
	head -c 100 body | grep -qi '<!doctype html>'
}

# Of the fields of ./body that are called $1, their sum.
json_sum() {
	jq "[.. | objects | .$1? // empty | numbers] | add // 0" body
}

@test "the past can be looked at, and what stands out is said" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/diagnose?last=10&format=json")" = 200 ]
	has_header 'Content-Type: application/json'
	jq -e '.findings[] | select(.finding == "fighting over locks" and .command == "next: mutex")' body
	# It was not watched before the request: what there is was of five seconds.
	near "$(jq '.duration_ns / 1e9' body)" 5 1
	[ "$(get "/pid/$target/debug/pprof/locks?last=2&format=json")" = 200 ]
	near "$(jq '.duration_ns / 1e9' body)" 2 0.2
	near "$(jq '[.locks[] | select(.lock == "g_server.pool[0].lock")] | length' body)" 1 0
	at_least "$(json_sum total_ns)" 100000000
	[ "$(get "/pid/$target/debug/pprof/locks?last=2")" = 200 ]
	has_header 'Content-Type: text/plain; charset=utf-8'
	grep -q '^g_server.pool\[0\].lock ' body
	[ "$(get "/pid/$target/debug/pprof/threads?last=1&format=json")" = 200 ]
	[ "$(jq '.threads | length' body)" = 5 ]
	[ "$(get "/pid/$target/debug/pprof/profile?last=3")" = 200 ]
	go tool pprof -raw body | grep -q '^Duration: 3'
	[ "$(n_recorders)" = 1 ]
	[ "$(get "/pid/$target/debug/pprof/syscalls?seconds=1")" = 200 ]
	grep -q '^futex ' body
}

@test "what is now is compared with what was" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/mutex?last=2&before=60")" = 503 ]
	grep -q 'nothing to compare with: it is watched for' body
	await eval '[ "$(get "/pid/$target/debug/pprof/mutex?last=2&before=2&format=text")" = 200 ]'
	grep -q '^new the last 2.00s' body
	grep -q '^old 2.00s before' body
	[ "$(get "/pid/$target/debug/pprof/mutex?last=2&before=2")" = 200 ]
	has_header 'Content-Type: image/svg+xml'
	grep -q hold_a body
}

@test "a profile is a flame graph for a browser, too" {
	start "$W/split" 300
	target=$pid
	serve
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=1&format=svg")" = 200 ]
	has_header 'Content-Type: image/svg+xml'
	grep -q burn_50 body
}

@test "two hundred clients at a time get an answer each, and memory stays" {
	serve
	http=$(pgrep -P "$server")
	for round in 1 2 3; do
		seq 200 | xargs -P 200 -I{} curl -sS -o /dev/null -w '%{http_code}\n' "$at/debug/pprof/" >answers
		[ "$(sort -u answers)" = 200 ]
		[ "$(wc -l <answers)" = 200 ]
		[ "$round" != 1 ] || early=$(own_kib "$http")
	done
	late=$(own_kib "$http")
	stays "$early" "$late"
	# More profiles than are collected at a time: the others are told to come again.
	start "$W/split" 300
	target=$pid
	seq 70 | xargs -P 70 -I{} curl -sS -o /dev/null -w '%{http_code}\n' \
		"$at/pid/$target/debug/pprof/profile?seconds=2" >answers
	sort answers | uniq -c
	[ "$(sort -u answers | tr '\n' ' ')" = '200 429 ' ]
	[ "$(get /debug/pprof/)" = 200 ]
}

@test "what makes no sense is refused as Go refuses it" {
	serve
	[ "$(get /debug/pprof)" = 301 ]
	has_header 'Location: /debug/pprof/'
	[ "$(get /debug/pprof/)" = 200 ]
	grep -q "href='profile'" body
	[ "$(get /debug/pprof/nonsense)" = 404 ]
	grep -qx 'Unknown profile' body
	has_header 'X-Go-Pprof: 1'
	[ "$(get '/debug/pprof/block?seconds=x')" = 400 ]
	grep -qx 'invalid value for "seconds" - must be a positive integer' body
	[ "$(get '/debug/pprof/mutex?seconds=1&debug=1')" = 400 ]
	[ "$(get /pid/999999999/debug/pprof/profile)" = 404 ]
	[ "$(get /comm/no-such-program/debug/pprof/profile)" = 404 ]
	[ "$(get /debug/pprof/profile -X POST -d x)" = 405 ]
	[ "$(get /debug/pprof/profile -I)" = 200 ]
	[ "$(get /debug/pprof/symbol -X PUT)" = 405 ]
	[ "$(get '/debug/pprof/block?maxsamples=0')" = 400 ]
	[ "$(get "/$(printf 'a%.0s' {1..40000})")" -ge 400 ]
	[ "$(get /debug/pprof/)" = 200 ]
	no_recorder
}

@test "only whom a process belongs to may look into it" {
	start "$W/split" 300
	target=$pid
	serve
	[ "$(get / -H 'Host: evil.example')" = 421 ]
	[ "$(get / -H 'Host: localhost')" = 200 ]
	as=(setpriv --reuid=65533 --regid=65533 --clear-groups curl -sS -o /dev/null -w '%{http_code}')
	[ "$("${as[@]}" "$at/pid/$target/debug/pprof/")" = 403 ]
	[ "$("${as[@]}" "$at/debug/pprof/")" = 403 ]
	start setpriv --reuid=65533 --regid=65533 --clear-groups sleep 300
	[ "$("${as[@]}" "$at/pid/$pid/debug/pprof/")" = 200 ]
	http=$(pgrep -P "$server")
	grep -qE '^Uid:.65534.65534.65534.65534$' "/proc/$http/status"
	grep -qE '^CapEff:.0+$' "/proc/$http/status"
	grep -qE '^NoNewPrivs:.1$' "/proc/$http/status"
	grep -qE '^Seccomp:.2$' "/proc/$http/status"
}

# Whether a location in ./$1 is in the upper half of addresses.
has_kernel_addresses() {
	go tool pprof -raw "$1" 2>/dev/null >addresses
	sed -n '/^Locations/,/^Mappings/p' addresses | grep -qE '^ +[0-9]+: 0xffff[0-9a-f]{12} '
}

@test "where the kernel lies is told to root only" {
	start setpriv --reuid=65533 --regid=65533 --clear-groups "$W/locks" mutex 300
	target=$pid
	serve
	for name in goroutine 'block?last=3'; do
		[ "$(get "/pid/$target/debug/pprof/$name")" = 200 ]
		setpriv --reuid=65533 --regid=65533 --clear-groups curl -gsS "$at/pid/$target/debug/pprof/$name" >theirs
		python3 "$BATS_TEST_DIRNAME/../lib/pprof.py" check theirs
		go tool pprof -top theirs >/dev/null
		run ! has_kernel_addresses theirs
	done
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=2&hz=997")" = 200 ]
	has_kernel_addresses body
	setpriv --reuid=65533 --regid=65533 --clear-groups curl -gsS "$at/pid/$target/debug/pprof/profile?seconds=2&hz=997" >theirs
	run ! has_kernel_addresses theirs
	go tool pprof -raw theirs | grep -q syscall
}

@test "a token, TLS and a Unix socket" {
	(umask 077 && echo 0123456789abcdef0123456789abcdef >token)
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key -out cert 2>/dev/null
	serve --token-file token --cert cert --key key
	[ "$at" != "${at#https:}" ]
	[ "$(get /debug/pprof/ -k)" = 401 ]
	[ "$(get /debug/pprof/ -k -H 'Authorization: Bearer 0123456789abcdef0123456789abcdeX')" = 401 ]
	[ "$(get /debug/pprof/ -k -H "Authorization: Bearer $(cat token)")" = 200 ]
	kill "$server" && wait "$server"
	"$SYSPROF" serve --listen unix:./socket >/dev/null 2>server.log 3>&- &
	server=$!
	await is_serving
	at=http://localhost
	[ "$(get /debug/pprof/ --unix-socket ./socket)" = 200 ]
	[ "$(setpriv --reuid=65533 --regid=65533 --clear-groups \
		curl -sS -o /dev/null -w '%{http_code}' --unix-socket ./socket http://localhost/debug/pprof/)" = 403 ] ||
		[ "$(stat -c %a .)" != 755 ] # a directory that the other user cannot enter
	kill "$server" && wait "$server"
	[ ! -e socket ]
	server=
}

@test "whoever is reached from elsewhere must have a token" {
	run -1 "$SYSPROF" serve --listen 0.0.0.0:0
	[[ $output == *token-file* ]]
	echo short >token
	run -1 "$SYSPROF" serve --token-file token
	run -2 "$SYSPROF" serve --cert x
	run -1 "$SYSPROF" serve --listen nonsense
}

@test "a client that goes away ends its collection, and nobody asking, nothing runs" {
	start "$W/split" 300
	target=$pid
	serve
	no_recorder
	curl -sS -o /dev/null "$at/pid/$target/debug/pprof/profile?seconds=200" 3>&- &
	client=$!
	await some_recorder
	kill "$client"
	wait "$client" || true
	await no_recorder
	kill -0 "$server"
}

@test "the server ends, and all that it started" {
	start "$W/split" 300
	target=$pid
	serve
	curl -sS -o /dev/null "$at/pid/$target/debug/pprof/trace?seconds=200" 2>/dev/null 3>&- &
	started+=($!)
	await some_recorder
	children=$(pgrep -P "$server")
	kill "$server"
	wait "$server"
	for child in $children; do
		await eval "! kill -0 $child 2>/dev/null"
	done
	server=
}

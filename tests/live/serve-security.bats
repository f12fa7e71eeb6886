#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Who may ask, and what nobody gets.
load ../lib/live
load ../lib/serve
bats_require_minimum_version 1.5.0

as_other=(setpriv --reuid=65533 --regid=65533 --clear-groups)

make_token() {
	(umask 077 && echo 0123456789abcdef0123456789abcdef >token)
}

@test "what is plain and can be reached from elsewhere says so loudly, and wants the token" {
	make_token
	serve --listen 0.0.0.0:0 --token-file token
	grep -q 'is plain HTTP: whoever can listen' server.log
	at=http://127.0.0.1:${at##*:}
	[ "$(get /debug/pprof/)" = 401 ]
	has_header 'WWW-Authenticate: Bearer'
	[ "$(get /debug/pprof/symbol -H 'Authorization: Bearer x' --data-binary 0x1)" = 401 ]
	[ "$(get /debug/pprof/ -H "Authorization: Bearer $(cat token)")" = 200 ]
	[ "$(get "/debug/pprof/?token=$(cat token)")" = 401 ]
	# Whoever has it may be of any user; who has not is nobody, root though he be.
	[ "$("${as_other[@]}" curl -sS -o /dev/null -w '%{http_code}' \
		-H "Authorization: Bearer $(cat token)" "$at/debug/pprof/")" = 200 ]
}

@test "a secret that others can read is none, and neither is a certificate that is none" {
	make_token
	chmod 640 token
	run -1 "$SYSPROF" serve --listen 127.0.0.1:0 --token-file token
	[[ $output == *"others can read"* ]]
	echo nonsense >cert
	echo nonsense >key
	run -1 "$SYSPROF" serve --listen 127.0.0.1:0 --cert cert --key key
	[[ $output == *PEM* ]]
}

@test "with TLS nothing is said in plain" {
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key -out cert 2>/dev/null
	serve --cert cert --key key
	[ "$(get /debug/pprof/ --cacert cert --resolve "localhost:${at##*:}:127.0.0.1" -k)" = 200 ]
	run ! curl -gsS "http://127.0.0.1:${at##*:}/debug/pprof/"
}

@test "a page gives nothing to other pages" {
	serve
	for path in / /debug/pprof/ /processes /debug/pprof/nonsense; do
		get "$path" -H 'Origin: http://evil.example' >/dev/null
		run ! grep -qi '^access-control-' header
		run ! grep -qi '^set-cookie' header
		has_header 'X-Content-Type-Options: nosniff'
		grep -qi "^content-security-policy: default-src 'none'; script-src 'self';" header
	done
	[ "$(get /debug/pprof/ -X OPTIONS -H 'Origin: http://evil.example')" = 405 ]
	[ "$(get /debug/pprof/ -H 'Host: evil.example')" = 421 ]
	[ "$(get /debug/pprof/ -H 'Host: 192.0.2.1')" = 421 ]
	[ "$(get /debug/pprof/ -H 'Host:')" = 421 ] || [ "$(get /debug/pprof/ -H 'Host:')" = 400 ]
	[ "$(get /debug/pprof/ -H "X: $(printf 'a%.0s' {1..100000})")" -ge 400 ] # no line is that long
	[ "$(get /debug/pprof/)" = 200 ]
}

@test "a user is known over IPv6, too, and what is another's has no names" {
	[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip "no IPv6 on loopback"
	start "$W/split" 300
	target=$pid
	serve --listen '[::1]:0'
	[ "$(get "/pid/$target/debug/pprof/")" = 200 ]
	for path in / /processes; do
		[ "$("${as_other[@]}" curl -gsS -o /dev/null -w '%{http_code}' "$at$path")" != 000 ]
	done
	for name in '' symbol?0x1 heap goroutine profile?seconds=1; do
		[ "$("${as_other[@]}" curl -gsS -o /dev/null -w '%{http_code}' "$at/pid/$target/debug/pprof/$name")" = 403 ]
	done
	[ "$("${as_other[@]}" curl -gsS -o /dev/null -w '%{http_code}' "$at/comm/split/debug/pprof/heap")" = 403 ]
}

@test "who is sent away is told when to come again" {
	start "$W/split" 300
	target=$pid
	serve
	seq 80 | xargs -P 80 -I{} curl -sS -o /dev/null -D 'head.{}' \
		"$at/pid/$target/debug/pprof/profile?seconds=2"
	grep -l '^HTTP/1.1 429' head.* >refused
	[ -s refused ]
	while read -r file; do
		grep -qi '^retry-after: [0-9]' "$file"
	done <refused
}

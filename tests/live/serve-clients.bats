#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What other people's programs do with the endpoints: go tool pprof, servers that collect
# profiles all the time, many clients at once, and such as do not play fair.
load ../lib/live
load ../lib/serve
bats_require_minimum_version 1.5.0

ENDPOINTS='profile?seconds=1 heap allocs block mutex goroutine threadcreate
	delta_heap delta_allocs delta_block delta_mutex block?seconds=1 heap?seconds=1'

@test "go tool pprof takes every endpoint, with and without remote symbols" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	for name in $ENDPOINTS; do
		go tool pprof -symbolize=remote -top "$at/pid/$target/debug/pprof/$name" >top 2>said ||
			{ echo "$name"; cat said; false; }
		grep -q '^Showing nodes' top || { echo "$name"; cat top; false; }
	done
	# Names that the server is asked for again, though all profiles have them.
	go tool pprof -symbolize=force:remote -top "$at/pid/$target/debug/pprof/goroutine" >top 2>said
	grep -q pthread_clockjoin top || { cat top said; false; }
}

@test "two answers of one endpoint can be compared" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	for name in $ENDPOINTS; do
		[ "$(get "/pid/$target/debug/pprof/$name")" = 200 ]
		cp body first
		[ "$(get "/pid/$target/debug/pprof/$name")" = 200 ]
		go tool pprof -top -base first body >top 2>said || { echo "$name"; cat said; false; }
		grep -q '^Showing nodes' top
		go tool pprof -top -diff_base first body >top 2>said || { echo "$name"; cat said; false; }
		grep -q '^Showing nodes' top
		# Locations of the first are found in the second: of itself, nothing is left.
		go tool pprof -top -diff_base body body 2>/dev/null >top
		grep -qE '^Showing nodes accounting for 0,' top || { echo "$name"; cat top; false; }
	done
}

@test "pprof's own pages show every endpoint" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	for name in 'profile?seconds=1' heap block mutex goroutine; do
		port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		go tool pprof -no_browser -http="127.0.0.1:$port" "$at/pid/$target/debug/pprof/$name" >ui.log 2>&1 3>&- &
		ui=$!
		await curl -gsSf -o page "http://127.0.0.1:$port/ui/flamegraph" 2>/dev/null || { cat ui.log; false; }
		grep -q 'stack-chart\|stacks' page
		curl -gsSf "http://127.0.0.1:$port/ui/top" | grep -q 'locks'
		# The tool is a child of the command that runs it.
		pkill -P "$ui" || true
		{ kill "$ui" && wait "$ui"; } 2>/dev/null || true
	done
}

# Make a cgroup, whose directory is then in $group and its path in $path.
make_group() {
	local mount
	for mount in $(awk '$3 == "cgroup2" || ($3 == "cgroup" && /freezer/) { print $2 }' /proc/mounts); do
		group=$mount/sysprof-test-$$
		path=sysprof-test-$$
		! mkdir "$group" 2>/dev/null || return 0
	done
	return 1
}

@test "a cgroup's profile is of those in it, and of no other" {
	make_group || skip "no cgroup can be made here"
	start "$W/split" 300
	inside=$pid
	start "$W/split" 300
	outside=$pid
	echo "$inside" >"$group/cgroup.procs"
	serve
	await is_burning "$inside"
	for name in 'profile?seconds=2' goroutine heap; do
		status=$(get "/cgroup/$path/debug/pprof/$name")
		go tool pprof -tags body 2>/dev/null >tags
		[ "$status" = 200 ] && grep -qw "$inside" tags && ! grep -qw "$outside" tags || break
	done
	kill -9 "$inside"
	wait "$inside" || true
	await rmdir "$group"
	echo "$name: $status"
	cat tags
	[ "$status" = 200 ]
	grep -qw "$inside" tags
	run ! grep -qw "$outside" tags
	[ "$(get "/cgroup/$path/debug/pprof/goroutine")" = 404 ]
}

# The sum of value $1 in ./$2.
sum_all() {
	go tool pprof -sample_index="$1" -unit="$3" -top "$2" 2>/dev/null |
		awk '/nodes accounting for/ { print $(NF - 1) + 0; exit }'
}

@test "what is scraped is cumulative, and of the type that a scraper wants" {
	start "$W/waits" 300
	target=$pid
	serve
	for round in 1 2; do
		for name in block mutex allocs heap; do
			[ "$(get "/pid/$target/debug/pprof/$name" --max-time 10)" = 200 ]
			has_header 'Content-Type: application/octet-stream'
			run ! grep -qi '^content-encoding' header
			mv body "$name.$round"
		done
	done
	go tool pprof -raw block.2 | grep -q 'cumulative: watched since'
	since=$(go tool pprof -raw block.1 | grep -o 'watched since [^,]*')
	go tool pprof -raw block.2 | grep -qF "$since"
	at_least "$(sum_all delay block.2 ns)" "$(sum_all delay block.1 ns)"
	at_least "$(sum_all alloc_space allocs.2 b)" "$(sum_all alloc_space allocs.1 b)"
}

@test "watching ends some time after the last request" {
	start "$W/locks" mutex 300
	target=$pid
	serve --keep 6
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	since=$(go tool pprof -raw body | grep -o 'watched since [^,]*')
	sleep 4 # longer than a recorder waits for nothing
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	[ "$(go tool pprof -raw body | grep -o 'watched since [^,]*')" = "$since" ]
	some_recorder
	await no_recorder
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	[ "$(go tool pprof -raw body | grep -o 'watched since [^,]*')" != "$since" ]
}

@test "a deeper request has the recorder to itself, and others share it" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	curl -gsS -o long "$at/pid/$target/debug/pprof/profile?seconds=6" 3>&- &
	long=$!
	await some_recorder
	[ "$(get "/pid/$target/debug/pprof/mutex")" = 200 ]
	[ "$(get "/pid/$target/debug/pprof/heap")" = 200 ]
	wait "$long"
	go tool pprof -top long >/dev/null
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=1")" = 200 ]
	one_recorder() { [ "$(n_recorders)" = 1 ]; }
	await one_recorder
}

@test "who sends a byte now and then is hung up on" {
	serve
	python3 - "${at##*:}" <<-'EOF'
		import socket, sys, time
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		begun = time.monotonic()
		s.sendall(b"GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\nX: ")
		s.settimeout(2)
		while time.monotonic() - begun < 60:
		    try:
		        s.sendall(b"x")
		        if not s.recv(1):
		            break
		    except socket.timeout:
		        continue
		    except OSError:
		        break
		took = time.monotonic() - begun
		print(f"hung up on after {took:.1f} s")
		assert took < 60
	EOF
	[ "$(get /debug/pprof/)" = 200 ]
}

@test "of a Go program it is as the program's own profile" {
	start "$W/gohttp" port
	target=$pid
	await test -s port
	serve
	await is_burning "$target"
	curl -gsS -o theirs "http://127.0.0.1:$(cat port)/debug/pprof/profile?seconds=10" 3>&- &
	theirs=$!
	[ "$(get "/pid/$target/debug/pprof/profile?seconds=10&hz=4999")" = 200 ]
	wait "$theirs"
	for side in theirs body; do
		go tool pprof -sample_index=cpu -unit=ns -cum -top -nodecount=0 "$side" 2>/dev/null |
			awk '$6 ~ /^main\.burn[0-9]$/ { sub(/ns/, "", $4); print $6, $4 }' | sort -k2 -nr >"$side.top"
		paste -sd' ' "$side.top"
	done
	# All ten, and the largest in the same order: below, two may be as one.
	[ "$(wc -l <body.top)" = 10 ]
	[ "$(cut -d' ' -f1 body.top | sort)" = "$(cut -d' ' -f1 theirs.top | sort)" ]
	[ "$(head -n 1 body.top | cut -d' ' -f1)" = main.burn0 ]
	a=$(awk '{ n += $2 } END { print n }' theirs.top)
	b=$(awk '{ n += $2 } END { print n }' body.top)
	echo "CPU: theirs $a, ours $b: $(awk "BEGIN { print 100 * ($b - $a) / $a }") %"
	awk -v a="$a" -v b="$b" 'BEGIN { d = (b - a) / a; exit !(d <= 0.02 && d >= -0.02) }'
}

@test "ten targets that come and go are scraped for a minute, and every answer is valid" {
	serve
	scrape_all 60
}

@test "two hundred clients for ten seconds see no error, and memory stays" {
	start "$W/split" 300
	target=$pid
	serve
	http=$(pgrep -P "$server")
	press 200 /debug/pprof/ 3
	early=$(own_kib "$http")
	press 200 /debug/pprof/ 10
	late=$(own_kib "$http")
	grep '^p99' pressed
	stays "$early" "$late"
	press 200 "/pid/$target/debug/pprof/goroutine" 5
	[ "$(get /debug/pprof/)" = 200 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The live screen, in a terminal of tmux's: what it shows is true, keys do what they say, and
# however it ends, the terminal is as before and nothing is left behind.
load ../lib/live
bats_require_minimum_version 1.5.0

teardown() {
	tell_failure
	[ -z "${socket:-}" ] || tmux -L "$socket" kill-server 2>/dev/null || true
	end_started
}

mux() {
	tmux -L "$socket" "$@"
}

# In a terminal of $1 by $2: `sysprof top` with what follows; its status is in ./status then.
top() {
	local width=$1 height=$2
	shift 2
	socket=top-$$-$BATS_TEST_NUMBER-$((++n_tops))
	rm -f status
	mux -f /dev/null new-session -d -x "$width" -y "$height" \
		"stty -a >before; ${locale:-LC_ALL=C.UTF-8} $SYSPROF top $* 2>messages; echo \$? >status; stty -a >after; sleep 300"
	mux set-option -g status off >/dev/null
	await shows 'sysprof top: '
}

screen() {
	mux capture-pane -p
}

shows() {
	screen | grep -qE -- "$1"
}

press() {
	mux send-keys "$@"
}

# The id of the program itself, not of the shell around it.
top_pid() {
	pgrep -f "^$SYSPROF top" --oldest --parent "$(mux list-panes -F '#{pane_pid}')"
}

has_ended() {
	[ -s status ]
}

# It has ended with status 0, the terminal is as before, and nothing of it is left.
ended_clean() {
	await has_ended
	[ "$(cat status)" = 0 ] || { cat messages; false; }
	diff before after
	[ ! -d "/proc/$target_pid" ]
	[ "$(find /sys/kernel/tracing/instances -name "*$target_pid*" 2>/dev/null)" = "" ]
}

# Figures that are shown are those of `report` of the same program: what split does is known.
@test "top functions are those that report names, with their shares" {
	start "$W/split" 300
	await is_burning "$pid"
	top 120 30 -p "$pid" -F 997 -w 10
	press 3
	await shows '\[3 functions\]'
	press s
	await shows 'by cum'
	await shows 'burn_50'
	await shows 'last 1[01]\.[0-9]+s'
	screen >shown
	for share in 50 30 15; do
		near "$(awk -v f="burn_$share" '$5 == f { print $4 }' shown)" $share $TOLERANCE
	done
	"$SYSPROF" record -F 997 -p "$pid" -d 3 2>/dev/null
	"$SYSPROF" report --json -n 0 >report.json
	for share in 50 30 15; do
		near "$(awk -v f="burn_$share" '$5 == f { print $4 }' shown)" "$(json_share burn_$share)" \
			$((2 * TOLERANCE))
	done
}

@test "threads, their states, waits and locks of a program that fights over locks" {
	start "$W/locks" mutex 300
	top 140 40 -p "$pid"
	press 2
	await shows '\[2 threads\]'
	await shows '^ +[0-9]+ .* locks +.*(lock|sleep) [0-9]+%'
	press 5
	await shows '\[5 locks\]'
	await shows 'mutex +g_server\.pool\[0\]\.lock'
	press Enter
	await shows 'who ended the waits, and what it held'
	press Escape
	await shows 'total%'
	press 4
	await shows '\[lock: .*wait_lock ←'
	press Enter
	await shows 'waited here for'
	await shows '^  wait_lock$'
}

@test "Enter on a thread shows that one only, Esc all again" {
	start "$W/split" 300
	split=$pid
	start "$W/locks" mutex 300
	await is_burning "$split"
	top 80 24 -p "$split,$pid"
	press 1
	await shows '^ +[0-9]+ .* split '
	await shows '^ +[0-9]+ .* locks '
	press / s p l Enter
	await shows '/spl'
	screen | grep -q ' split '
	run ! shows '^ +[0-9]+ .* locks '
	press Enter
	await shows "only split \(pid $split\)"
	await shows 'burn_ns|spin'
	press Escape
	await shows '\[1 processes\]'
	await shows '^ +[0-9]+ .* locks '
}

@test "frozen, the screen stays, and other views are of the same seconds" {
	start "$W/split" 300
	await is_burning "$pid"
	top 100 24 -p "$pid"
	await shows 'last [5-6]\.'
	press Space
	await shows FROZEN
	screen >first
	sleep 2.2 # two refreshes, had it not been frozen
	screen | diff first -
	press 3
	await shows '\[3 functions\]'
	[ "$(screen | grep -oE 'last [0-9.]+s')" = "$(grep -oE 'last [0-9.]+s' first)" ]
	press Space
	await eval '! shows FROZEN'
}

@test "a terminal that changes its size gets a screen of that size" {
	start "$W/split" 300
	await is_burning "$pid"
	top 80 24 -p "$pid"
	await shows '#run \+ready'
	mux resize-window -x 30 -y 8
	await eval "! screen | grep -qF '#run +ready'"
	await shows 'split'
	[ "$(screen | wc -l)" -le 8 ]
	mux resize-window -x 200 -y 50
	await shows '#run \+ready .*threads'
}

@test "q, Ctrl-C, SIGTERM and SIGHUP end it clean" {
	start "$W/split" 300
	for how in q C-c TERM HUP; do
		top 80 24 -p "$pid"
		target_pid=$(top_pid)
		case $how in
		q | C-c) press $how ;;
		*) kill -$how "$target_pid" ;;
		esac
		ended_clean
		mux kill-server
	done
}

@test "when the target ends it says so, and shows the last of it until q" {
	start "$W/split" 300
	await is_burning "$pid"
	top 80 24 -p "$pid"
	target_pid=$(top_pid)
	press 3
	await shows 'spin|burn'
	kill -9 "$pid"
	await shows 'All that was watched has ended'
	await shows ENDED
	shows 'spin|burn'
	press 1
	await shows '\[1 processes\]'
	press q
	ended_clean
}

@test "a hostile name drives no terminal, in UTF-8 or without" {
	cp "$W/split" "$(printf 'ev\033[2Jil\033]0;x\007')"
	start ./ev* 300
	await is_burning "$pid"
	for locale in LC_ALL=C.UTF-8 LC_ALL=C; do
		top 80 24 -p "$pid"
		await shows 'ev\\x1b\[2Jil'
		shows 'sysprof top: '
		press 3
		await shows 'spin|burn'
		mux kill-server
	done
}

@test "without a terminal it says what to do instead" {
	run -1 "$SYSPROF" top -p $$ </dev/null
	[[ "$output" == *"wants a terminal"*"sysprof record"* ]]
	run -2 "$SYSPROF" top
	[[ "$output" == *"-p PID"* ]]
	run -2 "$SYSPROF" top -a -p 1
	run -2 "$SYSPROF" top -a -w 1ms
}

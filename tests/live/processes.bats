#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Processes that come, go, change their program or hide their files are profiled whole.
load ../lib/live
bats_require_minimum_version 1.5.0

@test "children are recorded with their parent" {
	record -- "$W/forker" 2 4
	fold --no-kernel
	at_least "$(share child_burn)" 95
	at_least "$(share_of child_burn 'main;start_child;.*child_burn')" 99
}

@test "each child of a fork has its part" {
	record -- "$W/forker" 2 4
	"$SYSPROF" dump >dump
	# Samples per process: four with a quarter each.
	awk '/^sample / { for (i = 2; i <= NF; i++) if ($i ~ /^pid=/) n[$i]++; all++ }
		END { for (p in n) if (n[p] > all / 10) { k++; d = n[p] / all - 0.25
			if (d < -0.05 || d > 0.05) exit 1 } exit k != 4 }' dump
}

@test "a program that replaces itself is profiled before and after" {
	record -- "$W/execer" 2
	fold --no-kernel
	has_share before_exec 50
	has_share after_exec 50
	at_least "$(share_of 'before_exec|after_exec' 'main;(before|after)_exec')" 99
}

@test "processes of a few milliseconds have their names and stacks" {
	record -- "$W/shortlived" 200 3
	fold
	[ "$(wc -l <stdout)" = 201 ]
	took=$(awk '$1 == "all" { print 100 * ns / $2 } { ns += $1 }' stdout)
	sed -i '/^exe;/!d' folded # without the one that starts them
	has_share brief_burn "$took"
	at_least "$(share_of brief_burn 'main;brief_burn')" 99
}

@test "code that is loaded and unloaded again and again is told apart" {
	record -- "$W/dlopener" "$W/plugin-a.so" "$W/plugin-b.so" 2
	fold --no-kernel
	has_share host_burn 33.3
	has_share plugin_a_burn 33.3
	has_share plugin_b_burn 33.3
	at_least "$(share_of 'plugin_._burn' 'main;use_plugin;plugin_run;plugin_._burn')" 99
}

@test "a program that exists in another mount namespace only is named" {
	mkdir hidden
	record -- "$W/mntns.sh" "$W/split" "$PWD/hidden" 2
	[ ! -e hidden/hidden ]
	fold --no-kernel
	all=$(jq 'add' stdout)
	has_share burn_50 "$(jq "100 * .burn_50 / $all" stdout)"
	has_share burn_30 "$(jq "100 * .burn_30 / $all" stdout)"
}

@test "a program in another mount namespace is named also when it is joined late" {
	mkdir hidden
	start "$W/mntns.sh" "$W/split" "$PWD/hidden" 60
	await is_burning "$pid"
	record -d 1 -p "$pid"
	fold --no-kernel
	at_least "$(share burn_50)" 40
	at_least "$(share main)" 95
}

@test "a program whose file was deleted while it ran is named" {
	cp "$W/split" doomed
	start ./doomed 60
	await is_burning "$pid"
	rm doomed
	record -d 1 -p "$pid"
	fold --no-kernel
	at_least "$(share burn_50)" 40
}

@test "a program that is replaced by a newer one while it runs keeps its own names" {
	cp "$W/split" program
	start ./program 60
	await is_burning "$pid"
	cp "$W/recurse" newer
	mv newer program
	record -d 1 -p "$pid"
	fold --no-kernel
	at_least "$(share burn_50)" 40
	near "$(share bottom_burn)" 0 0
}

@test "all threads of a process that runs already are recorded" {
	start "$W/threads" 64 60
	await is_burning "$pid"
	record -d 2 -p "$pid"
	fold --no-kernel
	at_least "$(share thread_burn)" 98
	"$SYSPROF" dump >dump
	n=$(sed -n 's/^sample .* tid=\([0-9]*\) .*/\1/p' dump | sort -u | wc -l)
	[ "$n" = 64 ]
}

@test "threads that start later are recorded" {
	record -- "$W/threads" 64 2
	fold --no-kernel
	at_least "$(share thread_burn)" 95
}

@test "several processes are recorded by their ids" {
	start "$W/split" 60
	one=$pid
	start "$W/recurse" 60
	await is_burning "$pid"
	record -d 1 -p "$one,$pid"
	fold --no-kernel
	# How the two share a CPU that others want, too, is not known: both are there.
	at_least "$(share burn_50)" 3
	at_least "$(share bottom_burn)" 6
}

@test "-a records every process, also those that begin after it" {
	start setsid "$SYSPROF" record -a -F 997
	await holds sysprof.data 1 start
	"$W/split" 1 >/dev/null
	send INT
	fold --no-kernel
	at_least "$(share_of burn_50 'main;.*burn_50')" 99
}

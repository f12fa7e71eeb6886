#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The code keeps the rules of Documentation/coding-style.md.

@test "includes point down the rooms" {
	scripts/check-layers
}

@test "functions, files and headers are short" {
	scripts/check-lengths
}

@test "every header compiles alone and is guarded by its name" {
	scripts/check-headers
}

@test "no banned function is called" {
	scripts/check-banned
}

@test "the page's modules are short and import what they use, and all make one script" {
	scripts/check-modules
}

@test "every name that the page and its tests use is defined" {
	scripts/check-names
}

@test "every source file says its licence" {
	scripts/check-spdx
}

@test "all C is formatted as .clang-format says" {
	make -s format-check
}

@test "no line of C is longer than 100 columns" {
	run bash -c 'for f in src/*.c src/*/*.[ch] include/*/*; do
		expand -t 8 "$f" | grep -nE "^.{101}" | sed "s|^|$f:|"; done'
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "rooms below record do not print: they return codes" {
	run grep -rnE '"base/err\.h"|\b(printf|puts|putchar|perror)\(|\bstd(err|out)\b' src/event src/data \
		src/proc src/unwind src/symbol src/model src/analysis
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "shell scripts are clean under shellcheck" {
	# shellcheck disable=SC2046
	shellcheck -x $(grep -lE '^#!.*sh$' scripts/* .ci/run tests/lib/* tests/bench/*)
	shopt -s nullglob
	for f in tests/*/*.bats tests/*/*.bash tests/*/*.sh; do
		# bats runs each test in a subshell, fails one where any command fails (but one
		# after "!"), and sets variables that shellcheck cannot see.
		shellcheck -x -S warning -e SC1091,SC2030,SC2031,SC2154,SC2034 "$f"
	done
}

@test "words are spelt right" {
	codespell --quiet-level=35 --ignore-words tests/lint/words.txt README.md CONTRIBUTING.md NEWS \
		Makefile Documentation include src scripts tests/lib tests/lint tests/live \
		tests/cli tests/unit tests/workloads
}

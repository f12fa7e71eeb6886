#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The page of `sysprof serve`, in a browser.
load ../lib/live
load ../lib/serve

@test "the page shows processes, and of one of them everything" {
	start "$W/locks" mutex 300
	target=$pid
	serve
	"$BATS_TEST_DIRNAME/../lib/front.mjs" "$at" "$target"
}

@test "a name that is markup is text" {
	cp "$W/locks" '<b onclick=x>'
	start './<b onclick=x>' mutex 300
	serve
	"$BATS_TEST_DIRNAME/../lib/front.mjs" "$at" "$pid"
}

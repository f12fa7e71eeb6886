/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/listeners.h"

static void who_waits_for_a_listening_socket_serves(void **state)
{
	struct listeners none = { 0 };

	(void)state;
	assert_true(listeners_serve(&none, "tcp 0.0.0.0:80 (listening)"));
	assert_true(listeners_serve(&none, "unix /run/x (listening)"));
	assert_true(listeners_serve(&none, "poll of 3 files, tcp [::]:22 (listening) among them"));
	assert_false(listeners_serve(&none, "poll of 3 files"));
	assert_false(listeners_serve(&none, "tcp 127.0.0.1:80 → 127.0.0.1:41032"));
	assert_false(listeners_serve(&none, "/tmp/x (listening).txt"));
	assert_false(listeners_serve(&none, ""));
}

static void a_connection_is_served_at_the_listening_end(void **state)
{
	struct listeners listeners = { 0 };

	(void)state;
	listeners_add(&listeners, "poll of 2 files, tcp [::]:5432 (listening) among them");
	listeners_add(&listeners, "tcp 0.0.0.0:80 (listening)");
	assert_true(listeners_serve(&listeners, "tcp 127.0.0.1:5432 → 127.0.0.1:41032"));
	assert_true(listeners_serve(&listeners, "tcp [::1]:80 → [::1]:41032"));
	assert_false(listeners_serve(&listeners, "tcp 127.0.0.1:41032 → 127.0.0.1:5432"));
	assert_false(listeners_serve(&listeners, "udp 127.0.0.1:80 → 127.0.0.1:53"));
	listeners_release(&listeners);
}

static void what_does_not_listen_on_tcp_adds_nothing(void **state)
{
	struct listeners listeners = { 0 };

	(void)state;
	listeners_add(&listeners, "unix /run/tcp 1:99 (listening)x");
	listeners_add(&listeners, "unix /run/x (listening)");
	listeners_add(&listeners, "tcp 127.0.0.1:7 → 127.0.0.1:8");
	listeners_add(&listeners, "tcp (listening)");
	assert_int_equal(listeners.ports.n, 0);
	listeners_release(&listeners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_for_a_listening_socket_serves),
		cmocka_unit_test(a_connection_is_served_at_the_listening_end),
		cmocka_unit_test(what_does_not_listen_on_tcp_adds_nothing),
	};

	return cmocka_run_group_tests_name("analysis-listeners", tests, NULL, NULL);
}

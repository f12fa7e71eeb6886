/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/net_table.h"

static void check(enum net_family family, const char *line, uint64_t inode, const char *name)
{
	struct buf b = { 0 };
	uint64_t got = 99;

	assert_ptr_equal(net_line_next(family, line, line + strlen(line), &got, &b),
			 line + strlen(line));
	assert_int_equal(got, inode);
	assert_string_equal(buf_str(&b), name);
	buf_release(&b);
}

static void a_connection_is_named_by_its_ends(void **state)
{
	(void)state;
	check(NET_TCP,
	      "   1: 0100007F:A048 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000   "
	      "     0 4242 1 0000000000000000 20 4 30 10 -1\n",
	      4242, "tcp 127.0.0.1:41032 → 127.0.0.1:5432");
	check(NET_UDP,
	      "  77: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0   "
	      "     0 31 2 0000000000000000 0",
	      31, "udp 127.0.0.1:53");
}

static void a_listener_is_said_to_listen(void **state)
{
	(void)state;
	check(NET_TCP,
	      "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0   "
	      "     0 7 1 0000000000000000 100 0 0 10 0\n",
	      7, "tcp 0.0.0.0:80 (listening)");
	check(NET_UNIX, "0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/x y.sock\n",
	      21, "unix /run/x y.sock (listening)");
}

static void a_name_tells_whether_it_listens(void **state)
{
	struct buf name = { 0 };

	(void)state;
	assert_false(net_name_listens(&name));
	buf_puts(&name, "tcp 0.0.0.0:80 (listening)");
	assert_true(net_name_listens(&name));
	buf_puts(&name, "x");
	assert_false(net_name_listens(&name));
	buf_clear(&name);
	buf_puts(&name, "tcp 127.0.0.1:41032 → 127.0.0.1:5432");
	assert_false(net_name_listens(&name));
	buf_release(&name);
}

static void ipv6_is_bracketed_and_mapped_ipv4_is_not(void **state)
{
	(void)state;
	check(NET_TCP6,
	      "   0: 00000000000000000000000001000000:1F90 0000000000000000FFFF00000200000A:C001 01 "
	      "00000000:00000000 00:00000000 00000000     0        0 55 1 0 20 4 30 10 -1\n",
	      55, "tcp [::1]:8080 → 10.0.0.2:49153");
}

static void unix_sockets_may_have_no_name(void **state)
{
	(void)state;
	check(NET_UNIX, "0000000000000000: 00000003 00000000 00000000 0001 03 88\n", 88,
	      "unix socket");
	check(NET_UNIX, "0000000000000000: 00000003 00000000 00000000 0001 03 89 @abstract\n", 89,
	      "unix @abstract");
}

static void lines_that_make_no_sense_give_no_inode(void **state)
{
	static const char *const lines[] = {
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		"timeout inode\n",
		"",
		"\n",
		":",
		"1: 0100007F 0100007F:1538 01 0 0 0 0 0 1 2",
		"1: 0100007F:FFFFFFFFFFFFFFFFF 0100007F:1538 01 0 0 0 0 0 1 2",
		"1: 0100007G:0001 0100007F:1538 01 0 0 0 0 0 1 2",
		"1: 0100007F:0001 0100007F:1538 01 0 0 0 0 0 x 2",
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *end = lines[i] + strlen(lines[i]);
		uint64_t inode = 0;

		net_line_next(NET_TCP, lines[i], end, &inode, &b);
		assert_int_equal(inode, 0);
		assert_int_equal(b.size, 0);
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_named_by_its_ends),
		cmocka_unit_test(a_listener_is_said_to_listen),
		cmocka_unit_test(a_name_tells_whether_it_listens),
		cmocka_unit_test(ipv6_is_bracketed_and_mapped_ipv4_is_not),
		cmocka_unit_test(unix_sockets_may_have_no_name),
		cmocka_unit_test(lines_that_make_no_sense_give_no_inode),
	};

	return cmocka_run_group_tests_name("record-net_table", tests, NULL, NULL);
}

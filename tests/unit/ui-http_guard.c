/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ui/http.h"
#include "ui/http_guard.h"

static struct sockaddr_in in(const char *address, uint16_t port)
{
	struct sockaddr_in ret = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &ret.sin_addr);
	return ret;
}

static struct sockaddr_in6 in6(const char *address, uint16_t port)
{
	struct sockaddr_in6 ret = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, address, &ret.sin6_addr);
	return ret;
}

static void a_host_is_an_address_or_localhost(void **state)
{
	(void)state;
	assert_true(http_host_is_ours("127.0.0.1:6060", true));
	assert_true(http_host_is_ours("127.0.0.1", true));
	assert_true(http_host_is_ours("localhost:6060", true));
	assert_true(http_host_is_ours("LocalHost", true));
	assert_true(http_host_is_ours("[::1]:6060", true));
	assert_true(http_host_is_ours("10.0.0.1:6060", false));
	assert_true(http_host_is_ours("[2001:db8::1]", false));
	assert_false(http_host_is_ours("10.0.0.1:6060", true));
	assert_false(http_host_is_ours("evil.example:6060", true));
	assert_false(http_host_is_ours("evil.example", false));
	assert_false(http_host_is_ours("localhost.evil.example", false));
	assert_false(http_host_is_ours("127.0.0.1.evil.example", false));
	assert_false(http_host_is_ours("127.0.0.1:x", true));
	assert_false(http_host_is_ours("[::1", true));
	assert_false(http_host_is_ours("[::1]x", true));
	assert_false(http_host_is_ours("", true));
	assert_false(http_host_is_ours(":6060", true));
	assert_false(http_host_is_ours(NULL, true));
}

static void a_token_is_right_as_a_whole(void **state)
{
	(void)state;
	assert_true(http_token_is_right("Bearer secret", "secret"));
	assert_true(http_token_is_right("bearer secret", "secret"));
	assert_false(http_token_is_right("Bearer secre", "secret"));
	assert_false(http_token_is_right("Bearer secrets", "secret"));
	assert_false(http_token_is_right("Bearer ", "secret"));
	assert_false(http_token_is_right("Bearer secretsecret", "secret"));
	assert_false(http_token_is_right("Basic secret", "secret"));
	assert_false(http_token_is_right("secret", "secret"));
	assert_false(http_token_is_right("", "secret"));
	assert_false(http_token_is_right(NULL, "secret"));
}

static const char head[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
	"inode\n";

/* The user, or -1. */
static int user_in(const char *line, const struct sockaddr *client, const struct sockaddr *server)
{
	char text[1024];
	uid_t user;

	snprintf(text, sizeof(text), "%s%s", head, line);
	return http_peer_find(text, strlen(text), client, server, &user) ? -1 : (int)user;
}

static void the_user_is_that_of_the_client_s_end(void **state)
{
	struct sockaddr_in client = in("127.0.0.1", 40000), server = in("127.0.0.1", 6060);
	struct sockaddr *c = (struct sockaddr *)&client, *s = (struct sockaddr *)&server;

	(void)state;
	assert_int_equal(user_in("   1: 0100007F:9C40 0100007F:17AC 01 00000000:00000000 "
				 "00:00000000 00000000  1000        0 55 1 00 20 4 30 10 -1\n",
				 c, s),
			 1000);
	/* The other end of it, which is ours. */
	assert_int_equal(user_in("   1: 0100007F:17AC 0100007F:9C40 01 00000000:00000000 "
				 "00:00000000 00000000     0        0 55\n",
				 c, s),
			 -1);
	/* What is being closed is said to be root's. */
	assert_int_equal(user_in("   1: 0100007F:9C40 0100007F:17AC 06 00000000:00000000 "
				 "00:00000000 00000000     0        0 0\n",
				 c, s),
			 -1);
	assert_int_equal(user_in("   1: 0100007F:9C41 0100007F:17AC 01 00000000:00000000 "
				 "00:00000000 00000000  1000        0 55\n",
				 c, s),
			 -1);
	assert_int_equal(user_in("   1: 0200007F:9C40 0100007F:17AC 01 00000000:00000000 "
				 "00:00000000 00000000  1000        0 55\n",
				 c, s),
			 -1);
	assert_int_equal(user_in("   1: 0100007F:9C40 0100007F:17AC 01", c, s), -1);
	assert_int_equal(user_in("   1: 0100007F:9C40 0100007F:17AC 01 0 0 0 x", c, s), -1);
	assert_int_equal(user_in("   1: 0100007F:9C40 0100007F:17AC 01 0 0 0 99999999999999999999",
				 c, s),
			 -1);
}

static void addresses_of_both_families_are_compared(void **state)
{
	struct sockaddr_in6 client = in6("::1", 40000), server = in6("::1", 6060);
	struct sockaddr_in client4 = in("127.0.0.1", 40000), server4 = in("127.0.0.1", 6060);

	(void)state;
	assert_int_equal(
		user_in("   0: 00000000000000000000000001000000:9C40 "
			"00000000000000000000000001000000:17AC 01 00000000:00000000 00:00000000 "
			"00000000   501        0 7\n",
			(struct sockaddr *)&client, (struct sockaddr *)&server),
		501);
	/* An IPv4 connection of a socket for IPv6. */
	assert_int_equal(
		user_in("   0: 0000000000000000FFFF00000100007F:9C40 "
			"0000000000000000FFFF00000100007F:17AC 01 00000000:00000000 00:00000000 "
			"00000000   501        0 7\n",
			(struct sockaddr *)&client4, (struct sockaddr *)&server4),
		501);
}

static void loopback_is_told(void **state)
{
	struct sockaddr_in loopback = in("127.1.2.3", 1), other = in("10.0.0.1", 1),
			   any = in("0.0.0.0", 1);
	struct sockaddr_in6 loopback6 = in6("::1", 1), any6 = in6("::", 1),
			    mapped = in6("::ffff:127.0.0.1", 1);

	(void)state;
	assert_true(http_address_is_local((struct sockaddr *)&loopback));
	assert_true(http_address_is_local((struct sockaddr *)&loopback6));
	assert_true(http_address_is_local((struct sockaddr *)&mapped));
	assert_false(http_address_is_local((struct sockaddr *)&other));
	assert_false(http_address_is_local((struct sockaddr *)&any));
	assert_false(http_address_is_local((struct sockaddr *)&any6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_an_address_or_localhost),
		cmocka_unit_test(a_token_is_right_as_a_whole),
		cmocka_unit_test(the_user_is_that_of_the_client_s_end),
		cmocka_unit_test(addresses_of_both_families_are_compared),
		cmocka_unit_test(loopback_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

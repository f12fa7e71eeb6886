/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ui/http_clients.h"

struct pair {
	struct http_clients clients;
	struct http_client *client;
	int sockets[2];
};

static void begin(struct pair *pair)
{
	*pair = (struct pair){ .clients = { .request_ns = 20, .answer_ns = 100 } };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair->sockets), 0);
	pair->client = http_clients_add(&pair->clients, pair->sockets[0], 1000);
}

static void end(struct pair *pair)
{
	http_clients_remove(&pair->clients, pair->client);
	array_release(&pair->clients.list);
	close(pair->sockets[0]);
	close(pair->sockets[1]);
}

static void who_sends_for_ever_is_hung_up_on(void **state)
{
	struct pair pair;
	char byte;

	(void)state;
	begin(&pair);
	assert_int_equal(http_clients_check(&pair.clients, 1019), 0);
	assert_int_equal(recv(pair.sockets[1], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(http_clients_check(&pair.clients, 1020), 1);
	assert_int_equal(recv(pair.sockets[1], &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(http_clients_check(&pair.clients, 2000), 0); /* once */
	end(&pair);
}

static void who_waits_for_us_may_wait(void **state)
{
	struct pair pair;

	(void)state;
	begin(&pair);
	http_client_waits(pair.client);
	assert_int_equal(http_clients_check(&pair.clients, 1000000), 0);
	http_client_takes(&pair.clients, pair.client, 1000000);
	assert_int_equal(http_clients_check(&pair.clients, 1000099), 0);
	http_client_sends(&pair.clients, pair.client, 1000099); /* the next request */
	assert_int_equal(http_clients_check(&pair.clients, 1000118), 0);
	assert_int_equal(http_clients_check(&pair.clients, 1000119), 1);
	end(&pair);
}

static void an_answer_is_to_be_taken_in_time(void **state)
{
	struct pair pair;

	(void)state;
	begin(&pair);
	http_client_takes(&pair.clients, pair.client, 1000);
	assert_int_equal(http_clients_check(&pair.clients, 1099), 0);
	assert_int_equal(http_clients_check(&pair.clients, 1100), 1);
	end(&pair);
}

static void the_kernel_says_whose_a_connection_is(void **state)
{
	struct pair pair;
	uid_t user = 1;

	(void)state;
	begin(&pair);
	assert_int_equal(http_clients_user(&pair.clients, pair.client, &user), 0);
	assert_int_equal(user, geteuid());
	end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sends_for_ever_is_hung_up_on),
		cmocka_unit_test(who_waits_for_us_may_wait),
		cmocka_unit_test(an_answer_is_to_be_taken_in_time),
		cmocka_unit_test(the_kernel_says_whose_a_connection_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

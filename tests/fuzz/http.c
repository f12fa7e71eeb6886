/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads arbitrary text as what comes with a request: lines are the path, its parameters, the Host
 * and the Authorization; all of it as a table of connections, too.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "ui/http_guard.h"
#include "ui/http_request.h"

#define N_LINES 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_request(char *line[N_LINES])
{
	struct http_params params = { line[1], line[2], line[3], line[4],
				      line[5], line[8], line[9], line[0] };
	struct http_addresses addresses = { 0 };
	struct serve_request request;
	struct http_route route;
	const char *message;

	http_host_is_ours(line[6], true);
	http_token_is_right(line[7], "0123456789abcdef");
	if (line[0])
		http_addresses(line[0], strlen(line[0]), &addresses);
	array_release(&addresses.list);
	if (!line[0] || http_route(line[0], &route) || route.page != HTTP_PROFILE)
		return;
	if (http_request(&route, &params, &request, &message))
		return;
	request.id = 1;
	if (serve_request_check(&request))
		__builtin_trap(); /* what is asked for is always what can be answered */
}

static void read_table(const uint8_t *data, size_t size)
{
	struct sockaddr_in client = { .sin_family = AF_INET, .sin_port = htons(40000) }, server;
	char *text = xmalloc(size + !size); /* so that a byte read too far is seen */
	uid_t user;

	client.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = client;
	server.sin_port = htons(6060);
	memcpy(text, data, size);
	http_peer_find(text, size, (struct sockaddr *)&client, (struct sockaddr *)&server, &user);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1), *line[N_LINES] = { 0 }, *rest = text;

	memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; i < N_LINES && rest; i++)
		line[i] = strsep(&rest, "\n");
	read_request(line);
	read_table(data, size);
	free(text);
	return 0;
}

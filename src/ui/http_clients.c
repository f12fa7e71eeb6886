/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_clients.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct http_client *http_clients_add(struct http_clients *clients, int socket, uint64_t now_ns)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	client->socket = socket;
	client->since_ns = now_ns;
	http_client_sends(clients, client, now_ns);
	*array_add(&clients->list) = client;
	return client;
}

void http_clients_remove(struct http_clients *clients, struct http_client *client)
{
	for (size_t i = 0; i < clients->list.n; i++) {
		if (clients->list.items[i] == client) {
			clients->list.items[i] = clients->list.items[--clients->list.n];
			break;
		}
	}
	free(client);
}

void http_client_sends(const struct http_clients *clients, struct http_client *client,
		       uint64_t now_ns)
{
	client->until_ns = now_ns + clients->request_ns;
}

void http_client_takes(const struct http_clients *clients, struct http_client *client,
		       uint64_t now_ns)
{
	client->until_ns = now_ns + clients->answer_ns;
}

void http_client_waits(struct http_client *client)
{
	client->until_ns = UINT64_MAX;
}

unsigned int http_clients_check(const struct http_clients *clients, uint64_t now_ns)
{
	struct http_client **client;
	unsigned int n = 0;

	array_for_each(client, &clients->list) {
		if (now_ns < (*client)->until_ns)
			continue;
		shutdown((*client)->socket, SHUT_RDWR); /* whose end is then seen */
		(*client)->until_ns = UINT64_MAX;
		n++;
	}
	return n;
}

int http_clients_user(struct http_clients *clients, struct http_client *client, uid_t *ret)
{
	if (!client->is_asked)
		client->is_known = !http_peers_user(&clients->peers, client->socket,
						    client->since_ns, &client->user);
	client->is_asked = true;
	*ret = client->user;
	return client->is_known ? 0 : -EPERM;
}

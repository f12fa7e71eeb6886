/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connections there are: whose they are, and how long each has kept us waiting.  Who sends
 * a byte now and then never is idle; but what it is to send, or to take, has an end.
 */
#ifndef UI_HTTP_CLIENTS_H
#define UI_HTTP_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "http_guard.h"

struct http_client {
	int socket;
	uint64_t since_ns; /* that it is connected: CLOCK_MONOTONIC */
	uint64_t until_ns; /* that it may take over what it does now; UINT64_MAX: we are at it */
	uid_t user;
	bool is_asked, is_known;
};

struct http_clients { /* all-zero is a valid empty one */
	ARRAY(struct http_client *) list;
	struct http_peers peers;
	uint64_t request_ns, answer_ns; /* to send a request, and to take an answer */
};

/* Who has come, and is to send a request.  Good until http_clients_remove(). */
struct http_client *http_clients_add(struct http_clients *clients, int socket, uint64_t now_ns);
void http_clients_remove(struct http_clients *clients, struct http_client *client);

/* It is to send its next request; or to take its answer; or waits for us. */
void http_client_sends(const struct http_clients *clients, struct http_client *client,
		       uint64_t now_ns);
void http_client_takes(const struct http_clients *clients, struct http_client *client,
		       uint64_t now_ns);
void http_client_waits(struct http_client *client);

/* Hang up on who is too slow.  How many were. */
unsigned int http_clients_check(const struct http_clients *clients, uint64_t now_ns);

/* The user at the other end; -EPERM: the kernel does not say. */
int http_clients_user(struct http_clients *clients, struct http_client *client, uid_t *ret);

#endif /* UI_HTTP_CLIENTS_H */

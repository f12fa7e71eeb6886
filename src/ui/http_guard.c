/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/human.h"
#include "ui/http.h"

#define TCP_ESTABLISHED 1

struct endpoint { /* of IPv4 as a mapped address, so that one comparison will do */
	struct in6_addr address;
	uint16_t port;
};

static struct in6_addr mapped(uint32_t network_order)
{
	struct in6_addr address = { 0 };

	address.s6_addr[10] = address.s6_addr[11] = 0xff;
	memcpy(&address.s6_addr[12], &network_order, 4);
	return address;
}

static bool endpoint_of(const struct sockaddr *from, struct endpoint *ret)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	if (from->sa_family == AF_INET)
		*ret = (struct endpoint){ mapped(in->sin_addr.s_addr), ntohs(in->sin_port) };
	else if (from->sa_family == AF_INET6)
		*ret = (struct endpoint){ in6->sin6_addr, ntohs(in6->sin6_port) };
	return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

static bool is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && !memcmp(&a->address, &b->address, sizeof(a->address));
}

static bool is_loopback_address(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) ||
	       (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool http_address_is_local(const struct sockaddr *address)
{
	struct endpoint endpoint;

	if (address->sa_family == AF_UNIX)
		return true;
	return endpoint_of(address, &endpoint) && is_loopback_address(&endpoint.address);
}

/* "[::1]:6060", "127.0.0.1", "localhost:6060": what stands before the port. */
static bool host_name(const char *host, char *ret, size_t size)
{
	const char *end, *port;
	uint64_t number;
	size_t n;

	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		port = end ? end + 1 : NULL;
	} else {
		end = host + strcspn(host, ":");
		port = end;
	}
	n = end ? (size_t)(end - host) : 0;
	if (!n || n >= size)
		return false;
	memcpy(ret, host, n);
	ret[n] = '\0';
	return !*port || (*port == ':' && !human_parse_number(port + 1, 1, 65535, &number));
}

bool http_host_is_ours(const char *host, bool is_loopback)
{
	struct in6_addr address;
	struct in_addr in;
	char name[INET6_ADDRSTRLEN + 1];

	if (!host || !host_name(host, name, sizeof(name)))
		return false;
	if (!strcasecmp(name, "localhost"))
		return true;
	if (inet_pton(AF_INET, name, &in) == 1)
		address = mapped(in.s_addr);
	else if (inet_pton(AF_INET6, name, &address) != 1)
		return false;
	return !is_loopback || is_loopback_address(&address);
}

bool http_token_is_right(const char *header, const char *token)
{
	static const char scheme[] = "Bearer ";
	size_t size = strlen(token), given_size;
	const char *given;
	unsigned int differs;

	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return false;
	given = header + strlen(scheme);
	given_size = strlen(given);
	differs = given_size != size;
	for (size_t i = 0; i < given_size; i++)
		differs |= (unsigned char)given[i] ^ (unsigned char)token[i % (size + 1)];
	return !differs;
}

static bool parse_hex(const char **at, const char *end, size_t n, uint32_t *ret)
{
	uint32_t value = 0;

	if ((size_t)(end - *at) < n)
		return false;
	for (size_t i = 0; i < n; i++, (*at)++) {
		int c = tolower((unsigned char)**at);

		if (!isxdigit(c))
			return false;
		value = value << 4 | (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = value;
	return true;
}

/* "0100007F:17AC": each word of the address as this machine would print it. */
static bool parse_endpoint(const char **at, const char *end, struct endpoint *ret)
{
	const char *colon = memchr(*at, ':', (size_t)(end - *at));
	size_t n_words = colon ? (size_t)(colon - *at) / 8 : 0;
	uint32_t words[4], port;

	if (!colon || (n_words != 1 && n_words != 4) || (size_t)(colon - *at) % 8)
		return false;
	for (size_t i = 0; i < n_words; i++) {
		if (!parse_hex(at, end, 8, &words[i]))
			return false;
	}
	(*at)++;
	if (!parse_hex(at, end, 4, &port))
		return false;
	ret->port = (uint16_t)port;
	if (n_words == 1)
		ret->address = mapped(words[0]);
	else
		memcpy(&ret->address, words, sizeof(ret->address));
	return true;
}

static void skip_spaces(const char **at, const char *end)
{
	while (*at < end && **at == ' ')
		(*at)++;
}

static void skip_word(const char **at, const char *end)
{
	skip_spaces(at, end);
	while (*at < end && **at != ' ')
		(*at)++;
}

struct line {
	struct endpoint local, remote;
	uint32_t state, user;
};

/* "  0: 0100007F:17AC 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000 …" */
static bool parse_line(const char *at, const char *end, struct line *ret)
{
	uint64_t user = 0;

	skip_word(&at, end);
	skip_spaces(&at, end);
	if (!parse_endpoint(&at, end, &ret->local))
		return false;
	skip_spaces(&at, end);
	if (!parse_endpoint(&at, end, &ret->remote))
		return false;
	skip_spaces(&at, end);
	if (!parse_hex(&at, end, 2, &ret->state))
		return false;
	for (int i = 0; i < 3; i++) /* queues, timer, retransmissions */
		skip_word(&at, end);
	skip_spaces(&at, end);
	if (at == end || !isdigit((unsigned char)*at))
		return false;
	for (; at < end && isdigit((unsigned char)*at) && user <= UINT32_MAX; at++)
		user = 10 * user + (uint64_t)(*at - '0');
	ret->user = (uint32_t)user;
	return user < UINT32_MAX;
}

/* Of sockets that are being closed the kernel says user 0: these are nobody's. */
int http_peer_find(const char *table, size_t size, const struct sockaddr *client,
		   const struct sockaddr *server, uid_t *ret)
{
	const char *at = table, *end = table + size;
	struct endpoint local, remote;
	struct line line;

	if (!endpoint_of(client, &local) || !endpoint_of(server, &remote))
		return -ENOENT;
	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = next ? next : end;

		if (parse_line(at, line_end, &line) && line.state == TCP_ESTABLISHED &&
		    is_same(&line.local, &local) && is_same(&line.remote, &remote)) {
			*ret = line.user;
			return 0;
		}
		at = next ? next + 1 : end;
	}
	return -ENOENT;
}

static int peer_of_unix(int fd, uid_t *ret)
{
	struct ucred user;
	socklen_t size = sizeof(user);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size))
		return -errno;
	*ret = user.uid;
	return 0;
}

int http_peers_user(struct http_peers *peers, int fd, uint64_t since_ns, uid_t *ret)
{
	static const char *const paths[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	struct sockaddr_storage client = { 0 }, server = { 0 };
	socklen_t client_size = sizeof(client), server_size = sizeof(server);
	int error = -ENOENT;

	if (getpeername(fd, (struct sockaddr *)&client, &client_size) ||
	    getsockname(fd, (struct sockaddr *)&server, &server_size))
		return -errno;
	if (server.ss_family == AF_UNIX)
		return peer_of_unix(fd, ret);
	for (size_t i = 0; error && i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct buf *text = &peers->tables[i].text;

		if (peers->tables[i].read_ns <= since_ns) {
			uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

			buf_clear(text);
			if (file_read(paths[i], text) < 0)
				continue;
			peers->tables[i].read_ns = now_ns;
		}
		error = http_peer_find((const char *)text->data, text->size,
				       (struct sockaddr *)&client, (struct sockaddr *)&server, ret);
	}
	return error;
}

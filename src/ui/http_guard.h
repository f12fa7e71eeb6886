/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may ask: by the name the client calls us, by its token, by its user.  Parsers of strangers'
 * text, without state.
 */
#ifndef UI_HTTP_GUARD_H
#define UI_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Whether a browser that sends @host (NULL: no such header) was led here by its address, not by
 * a name that a stranger's DNS resolves to us.  @is_loopback: that is all we listen to.
 */
bool http_host_is_ours(const char *host, bool is_loopback);

/* Whether the header "Bearer TOKEN" holds @token; takes as long whatever is wrong with it. */
bool http_token_is_right(const char *header, const char *token);

/*
 * The user of the socket that is bound to @client and connected to @server, by the text of
 * /proc/net/tcp or tcp6.  0 or -ENOENT: no such connection is in it.
 */
int http_peer_find(const char *table, size_t size, const struct sockaddr *client,
		   const struct sockaddr *server, uid_t *ret);

/* Tables as the kernel gave them: to read one takes milliseconds on a machine with much memory. */
struct http_peers { /* all-zero is a valid empty one */
	struct {
		struct buf text;
		uint64_t read_ns;
	} tables[2];
};

/*
 * The user at the other end of connection @fd, which is since @since_ns (CLOCK_MONOTONIC): a table
 * that was read before may tell of an earlier one with the same addresses, and is read again.  0
 * or -errno: it is not known.
 */
int http_peers_user(struct http_peers *peers, int fd, uint64_t since_ns, uid_t *ret);

#endif /* UI_HTTP_GUARD_H */

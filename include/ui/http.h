/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP side of `sysprof serve`: Go's /debug/pprof/ endpoints, and a page that lists processes.
 * Runs in a process without privilege; what wants any it asks over a socket (ui/serve.h).
 */
#ifndef UI_HTTP_H
#define UI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct http_options {
	int listener;           /* a socket that listens, non-blocking */
	int broker;             /* socket to the recorder's side */
	bool is_local;          /* only this machine can reach it: then clients have users */
	uid_t owner;            /* who, besides root, may see everything */
	const char *token;      /* that every request must bring; NULL: none */
	const char *cert, *key; /* PEM, for TLS; NULL: plain */
	const char *cmdline;    /* our own, arguments ended by NUL each */
	size_t cmdline_size;
	const pid_t *pids; /* that are served; none: everybody */
	size_t n_pids;
};

/* Until the recorder's side is gone.  0, or -errno having said why it could not begin. */
int http_run(const struct http_options *options);

/* Whether all that can reach @address is this machine: loopback, or a socket in a directory. */
bool http_address_is_local(const struct sockaddr *address);

#endif /* UI_HTTP_H */

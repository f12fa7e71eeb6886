/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `serve --push` sends to a server that collects profiles, by Pyroscope's /ingest: of each
 * process that used most of the CPUs, what it did, every few seconds.  A process of its own,
 * without privilege, which asks the recorder's side as the HTTP side does (ui/serve.h).
 */
#ifndef CMD_SERVE_PUSH_H
#define CMD_SERVE_PUSH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct push_options {
	const char *url; /* of the server; /ingest is added to it */
	uint32_t interval_seconds;
	uint32_t hz;       /* of the samples, for the server to know */
	const pid_t *pids; /* these only; none: everybody */
	size_t n_pids;
	int broker; /* socket to the recorder's side */
};

/* Until the recorder's side is gone.  0, or -errno having said why it could not begin. */
int push_run(const struct push_options *options);

#endif /* CMD_SERVE_PUSH_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder's side of `sysprof serve`: takes requests from the HTTP side, finds or starts the
 * recorder that can answer each (serve_engine.h), and hands them on.  Nobody asks, nothing runs.
 */
#ifndef CMD_SERVE_BROKER_H
#define CMD_SERVE_BROKER_H

#include <signal.h>

#include "serve_engine.h"

struct broker_options {
	const pid_t *pids; /* these only; none: everybody */
	size_t n_pids;
	bool is_continuous;           /* one of the recorders always runs, */
	enum engine_depth continuous; /* of this depth */
	uint32_t hz;
	uint32_t budget_permille;
	size_t ring_bytes;            /* of each recorder */
	uint64_t keep_ns;             /* as of engine_options */
	int clients[SERVE_N_CLIENTS]; /* sockets; -1: there is none */
};

/* Until a client is gone, or @stop.  Ends all recorders. */
void broker_run(const struct broker_options *options, const volatile sig_atomic_t *stop);

#endif /* CMD_SERVE_BROKER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One recorder, and all requests that it can answer: a process of its own.  The last minutes
 * are kept in a ring, so that each request has its own window of the same recording; for
 * cumulative profiles waits are added up as they pass.
 */
#ifndef CMD_SERVE_ENGINE_H
#define CMD_SERVE_ENGINE_H

#include "serve_target.h"
#include "ui/serve.h"

/* Each has what those before have.  Memory is watched besides, from the first who asks on. */
enum engine_depth {
	ENGINE_CPU,   /* samples */
	ENGINE_WAITS, /* switches and where threads wait */
	ENGINE_TRACE, /* system calls, page faults, disk requests, pauses */
};

struct engine_options {
	const pid_t *pids; /* borrowed; none: everybody */
	size_t n_pids;
	enum engine_depth depth;
	uint32_t hz;
	uint32_t budget_permille;
	size_t ring_bytes;
	bool is_continuous; /* it records whether anybody asks or not */
	uint64_t keep_ns;   /* so long a cumulative profile goes on when nobody asks for it */
	pid_t parent;
	int requests;                 /* socket, */
	int replies[SERVE_N_CLIENTS]; /* and those to who asks */
};

/* Does not return: it ends when nobody has asked for a while. */
void engine_run(const struct engine_options *options) __attribute__((noreturn));

#endif /* CMD_SERVE_ENGINE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Which descriptors poll(2) and select(2) wait for. */
#ifndef RECORD_WAIT_SET_H
#define RECORD_WAIT_SET_H

#include "wait_reason.h"

#define WAIT_SET_MAX 16 /* of a larger set the first ones are told */

struct wait_set {
	uint64_t n;
	uint32_t n_told;
	uint32_t fds[WAIT_SET_MAX];
};

/*
 * What @call waits for.  False: its memory could not be read, and of poll() is known no
 * more than how many there are.
 */
typedef bool wait_set_fn(const struct wait_call *call, struct wait_set *ret);
wait_set_fn wait_set_of_poll, wait_set_of_select;

#endif /* RECORD_WAIT_SET_H */

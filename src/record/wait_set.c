/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_set.h"

#include <poll.h>
#include <string.h>
#include <sys/select.h>

static void add(struct wait_set *set, uint32_t fd)
{
	if (set->n_told < WAIT_SET_MAX)
		set->fds[set->n_told++] = fd;
	set->n++;
}

/* A negative descriptor is waited for by nobody. */
bool wait_set_of_poll(const struct wait_call *call, struct wait_set *ret)
{
	uint64_t n = call->args[1], n_read = n < WAIT_SET_MAX ? n : WAIT_SET_MAX;
	struct pollfd files[WAIT_SET_MAX];

	*ret = (struct wait_set){ .n = n };
	if (!wait_call_read(call, call->args[0], files, n_read * sizeof(files[0])))
		return false;
	ret->n = 0;
	for (uint64_t i = 0; i < n_read; i++) {
		if (files[i].fd >= 0)
			add(ret, (uint32_t)files[i].fd);
	}
	ret->n += n - n_read;
	return true;
}

/* Those to read, to write, and with exceptions. */
bool wait_set_of_select(const struct wait_call *call, struct wait_set *ret)
{
	uint64_t n = call->args[0] < FD_SETSIZE ? call->args[0] : FD_SETSIZE;
	uint64_t all[FD_SETSIZE / 64] = { 0 }, words[FD_SETSIZE / 64];
	size_t n_words = (n + 63) / 64; /* the kernel reads whole ones, too */

	*ret = (struct wait_set){ 0 };
	for (int set = 1; set <= 3; set++) {
		if (!call->args[set])
			continue;
		if (!wait_call_read(call, call->args[set], words, n_words * sizeof(words[0])))
			return false;
		for (size_t i = 0; i < n_words; i++)
			all[i] |= words[i];
	}
	for (uint32_t fd = 0; fd < n; fd++) {
		if (all[fd / 64] >> fd % 64 & 1)
			add(ret, fd);
	}
	return true;
}

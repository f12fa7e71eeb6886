/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names every frame of a recording once, in a child process that gave up its
 * privileges before it opened the first byte of a target's file.  What it answers
 * is checked as any outside input.
 */
#ifndef SYMBOL_RESOLVER_H
#define SYMBOL_RESOLVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/dictionary.h"
#include "event/definer.h"

struct resolver_options {
	/* The open file of a module by its id in the dictionary, or -1.  NULL: none are open. */
	int (*module_fd)(void *arg, uint32_t module);

	/* Told now and then; may be NULL. */
	void (*progress)(void *arg, size_t done, size_t total, const char *what);
	void *arg;

	/* Non-zero: stop early, keep the names there are.  May be NULL. */
	const volatile sig_atomic_t *stop;

	uint32_t timeout_seconds; /* for the whole; 0: a default */
};

struct resolver_result {
	size_t n_frames;   /* asked for */
	size_t n_named;
	bool is_complete;  /* false: stopped, timed out, or the child died */
	int child_signal;  /* that ended the child, or 0 */
};

/*
 * Give @definer names for every frame of @dict that has none and can have some.
 * Returns 0, or -errno when no child could be started or the definer's sink failed.
 */
int resolver_run(const struct dictionary *dict, const struct resolver_options *options,
		 struct definer *definer, struct resolver_result *ret);

#endif /* SYMBOL_RESOLVER_H */

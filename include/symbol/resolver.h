/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names every frame of a recording once, in a child process that gave up its
 * privileges before it opened the first byte of a target's file.  What it answers
 * is checked as any outside input.  A file that kills or hangs the child costs
 * that file's names, no others.
 */
#ifndef SYMBOL_RESOLVER_H
#define SYMBOL_RESOLVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/definer.h"
#include "event/dictionary.h"

struct resolver_options {
	/*
	 * The open file of a module by its id in the dictionary, borrowed, or -1: the
	 * ELF file, /proc/kallsyms for the kernel, the perf map of a JIT
	 * (jit_map_open()).  Without one an ELF file is opened by path, and the vdso is
	 * our own, if the build-id agrees; the kernel and JITs get no names.  NULL: none
	 * are open.
	 */
	int (*module_fd)(void *arg, uint32_t module);

	/* Told now and then; may be NULL. */
	void (*progress)(void *arg, size_t done, size_t total, const char *what);
	void *arg;

	/*
	 * Non-zero: stop early, keep the names there are.  Not the flag that ended the
	 * recording.  May be NULL.
	 */
	const volatile sig_atomic_t *stop;

	/* 0: a default */
	uint32_t timeout_seconds;  /* for the whole */
	uint32_t stall_seconds;    /* without a sign of life, before a file is given up */
	uint32_t download_seconds; /* for one debug file */
};

struct resolver_result {
	size_t n_frames;  /* of code, without names before */
	size_t n_named;   /* those of which only the place is known are not among them */
	size_t n_failed;  /* modules that ended or hung the child, or could not be read */
	bool is_complete; /* false: stopped, timed out, or a module was given up */
	int child_signal; /* that ended a child, or 0 */
	char note[256];   /* what people should know, such as why a source was not used; or "" */
};

/*
 * Give @definer names for every frame of @dict that has none and can have some.
 * Returns 0, or -errno when no child could be started or the definer's sink failed.
 */
int resolver_run(const struct dictionary *dict, const struct resolver_options *options,
		 struct definer *definer, struct resolver_result *ret);

#endif /* SYMBOL_RESOLVER_H */

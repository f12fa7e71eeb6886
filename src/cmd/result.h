/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A result that appears whole or not at all, one at a time: it is written beside its place
 * and moved there when it is complete.  Devices and FIFOs are written to as they
 * are; "-" is standard output.
 */
#ifndef CMD_RESULT_H
#define CMD_RESULT_H

#include <stdio.h>

struct result {
	FILE *file;
	const char *path; /* as given; borrowed */
	char *target;     /* what is replaced; owned; NULL: written to directly */
	char *temporary;  /* owned */
};

/* 0, or -errno after saying why. */
int result_open(struct result *ret, const char *path);

/* @error: what writing gave.  0, or -errno after saying why; then nothing was replaced. */
int result_close(struct result *result, int error);

/* There is no result after all: nothing is replaced. */
void result_drop(struct result *result);

#endif /* CMD_RESULT_H */

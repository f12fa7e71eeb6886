/* SPDX-License-Identifier: GPL-2.0-only */
/* --heap and what belongs to it, of `record`. */
#ifndef CMD_HEAP_ARGS_H
#define CMD_HEAP_ARGS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/recorder.h"

struct heap_args {
	bool is_on, is_injected;
	uint64_t rate; /* in bytes; 0: as fits */
};

/* A child of record's, whose input is a struct heap_args. */
extern const struct argp heap_argp;

/*
 * Ask @recorder, which has its targets, for what @args say.  EXIT_DONE; or the status to exit
 * with, having said what does not fit.
 */
int heap_args_apply(const struct heap_args *args, bool has_ring, struct recorder_options *recorder);

#endif /* CMD_HEAP_ARGS_H */

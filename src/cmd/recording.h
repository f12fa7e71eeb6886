/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the recorder's events go: a file, or, until there is one, a ring in memory. */
#ifndef CMD_RECORDING_H
#define CMD_RECORDING_H

#include <signal.h>

#include "data/ring.h"
#include "data/writer.h"
#include "event/dictionary.h"
#include "event/sink.h"
#include "record/recorder.h"

struct recording {
	struct event_sink sink;   /* for the recorder; all-zero before recording_init() */
	struct event_sink *early; /* what it passes on to while there is no writer; borrowed */
	struct ring *ring;        /* borrowed; NULL: there is none */
	struct writer *writer;    /* NULL: not open */
	const struct dictionary *known; /* names found before, by the same ids; NULL: none */
};

void recording_init(struct recording *rec);

/* Opens the file.  0 or, having said why, -errno. */
int recording_open(struct recording *rec, const struct writer_options *options);

/* Name what the recording holds.  Not 0 in @stop: end it early.  0 or -errno of the file. */
int recording_resolve(struct recording *rec, struct recorder *recorder,
		      const volatile sig_atomic_t *stop);

/* Say that @path could not be written: EXIT_FAILED.  A file that holds nothing is removed. */
int recording_explain(struct recording *rec, int error, const char *path);

/* Closes it; @status, or what became of it. */
int recording_close(struct recording *rec, const char *path, int status);

#endif /* CMD_RECORDING_H */

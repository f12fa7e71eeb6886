/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `sysprof top` has of the last seconds: the events in a ring, and the names of their
 * frames, as far as they were found.  Names are found in a process of its own, while the
 * recording goes on; each address is asked for once.  The kernel's symbols, which take it tens
 * of milliseconds to write out, are kept for the next time.
 */
#ifndef CMD_TOP_LIVE_H
#define CMD_TOP_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "data/ring.h"
#include "event/dictionary.h"
#include "record/recorder.h"

struct top_live {
	struct event_sink sink;       /* the recorder's */
	struct event_sink *instead;   /* takes all that is put, if not NULL; borrowed */
	struct recorder *recorder;    /* borrowed */
	struct ring *ring;            /* owned */
	struct dictionary *known;     /* what ids stand for, with names */
	ARRAY(struct event) of_locks; /* their names */
	pid_t namer;                  /* that looks for names; 0: none */
	int found;                    /* the file that it leaves them in */
	uint32_t asked;               /* frames up to that were asked for */
	int symbols;                  /* file: a copy of the kernel's; empty: to be made; or -1 */
	uint64_t symbols_ns;          /* when it was to be made last */
	uint64_t due_ns;              /* when to ask again */
	uint64_t cost_ns;             /* that asking took */
};

void top_live_init(struct top_live *live, const struct ring_options *options);
void top_live_set_recorder(struct top_live *live, struct recorder *recorder);

/* After each step of the recorder. */
void top_live_step(struct top_live *live);
uint32_t top_live_n_unnamed(const struct top_live *live); /* frames that were not asked for yet */
void top_live_release(struct top_live *live);

/* All of the last seconds into @sink, with names; in a child. */
int top_live_put_all(struct top_live *live, uint64_t end_ns, struct event_sink *sink);

#endif /* CMD_TOP_LIVE_H */

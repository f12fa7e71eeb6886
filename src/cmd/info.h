/* SPDX-License-Identifier: GPL-2.0-only */
/* What `info` finds out of a recording, and the two forms it prints it in. */
#ifndef CMD_INFO_H
#define CMD_INFO_H

#include "data/reader.h"
#include "event/event.h"
#include "model/model.h"

struct info {
	struct event_sink sink; /* counts, then passes on to the model */
	const char *path;
	struct reader *reader;
	struct model *model;
	uint64_t n_events[EVENT_N_KINDS]; /* by kind */
};

const char *info_chunk_kind(uint32_t kind); /* a word */

void info_print_text(const struct info *info, bool all_chunks);
int info_print_json(const struct info *info); /* 0, or -EIO */

#endif /* CMD_INFO_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of Perfetto's format, and what they refer to by number: names, texts, frames
 * and stacks, each written once, when it is first asked for.
 */
#ifndef EXPORT_PERFETTO_WRITER_H
#define EXPORT_PERFETTO_WRITER_H

#include "base/array.h"
#include "base/map.h"
#include "export/perfetto.pb-c.h"
#include "gzip.h"
#include "model/names.h"

enum perfetto_table { /* what is interned: each has ids of its own */
		      PERFETTO_CATEGORY,
		      PERFETTO_NAME,
		      PERFETTO_KEY,
		      PERFETTO_VALUE,
		      PERFETTO_FUNCTION,
		      PERFETTO_PATH,
		      PERFETTO_SOURCE,
		      PERFETTO_MAPPING,
		      PERFETTO_FRAME,
		      PERFETTO_STACK,
		      PERFETTO_N_TABLES
};

struct perfetto_writer {
	struct gzip gzip;
	struct model *model; /* borrowed, as is names */
	struct names *names;
	uint64_t start_ns; /* of the timeline */
	struct map seen[PERFETTO_N_TABLES];
	bool has_begun;
	struct map stack_texts; /* text id, by stack */
	ARRAY(uint64_t) frames; /* of the stack at hand */
};

/* A packet that may refer to what was written before. */
Perfetto__TracePacket perfetto_packet(uint64_t time_ns);
void perfetto_put(struct perfetto_writer *writer, Perfetto__TracePacket *packet);

/* Ids in a table of what goes there; 0 for none. */
uint64_t perfetto_text(struct perfetto_writer *writer, enum perfetto_table table, uint32_t text);
uint64_t perfetto_string(struct perfetto_writer *writer, enum perfetto_table table,
			 const char *string);
uint64_t perfetto_stack(struct perfetto_writer *writer, uint32_t stack);

/* The text id of a stack as a line, the innermost function first. */
uint32_t perfetto_stack_text(struct perfetto_writer *writer, uint32_t stack);

/* Write what is left and free what was kept.  0, or the first -errno. */
int perfetto_finish(struct perfetto_writer *writer);

#endif /* EXPORT_PERFETTO_WRITER_H */

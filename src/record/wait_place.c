/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_place.h"

#include <stdio.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "disk_name.h"
#include "proc/maps.h"

#define KEPT_NS       10000000u
#define KEPT_FACTOR   200 /* after so dear a reading as took T, none for 200 T */
#define MAX_PROCESSES 1000

struct place {
	uint64_t start, end;
	uint64_t offset; /* in the file, of start */
	uint32_t object;
};

struct process {
	uint64_t until_ns;          /* what was read holds */
	ARRAY(struct place) places; /* by address */
};

struct wait_places {
	struct definer *definer;
	struct map by_pid; /* to the index */
	ARRAY(struct process) processes;
	struct buf text;
};

struct wait_places *wait_places_new(struct definer *definer)
{
	struct wait_places *places = xcalloc(1, sizeof(*places));

	places->definer = definer;
	return places;
}

void wait_places_forget(struct wait_places *places)
{
	struct process *process;

	array_for_each(process, &places->processes)
		array_release(&process->places);
	places->processes.n = 0;
	map_clear(&places->by_pid);
}

void wait_places_free(struct wait_places *places)
{
	if (!places)
		return;
	wait_places_forget(places);
	array_release(&places->processes);
	map_release(&places->by_pid);
	buf_release(&places->text);
	free(places);
}

static struct process *process_of(struct wait_places *places, uint32_t pid)
{
	const uint64_t *index = map_find(&places->by_pid, pid);

	if (index)
		return &places->processes.items[*index];
	if (places->processes.n >= MAX_PROCESSES)
		wait_places_forget(places);
	*map_insert(&places->by_pid, pid) = places->processes.n;
	return array_add(&places->processes);
}

/* "/data/file on vda", "[heap]", "memory". */
static uint32_t name_of(struct wait_places *places, const struct maps_line *line)
{
	struct buf *text = &places->text;
	size_t size;

	buf_clear(text);
	if (line->path_size)
		buf_add(text, line->path, line->path_size);
	else
		buf_puts(text, "memory");
	size = text->size;
	if (line->inode) {
		buf_puts(text, " on ");
		if (!disk_name_add(text, (unsigned int)(line->dev >> 32), (uint32_t)line->dev))
			text->size = size; /* no block device: a network's, memory */
	}
	return definer_bytes(places->definer, text->data, text->size);
}

/* Mappings of one file stand behind one another: it is named once. */
static void parse(struct wait_places *places, struct process *process, const struct buf *maps)
{
	const char *at = (const char *)maps->data, *end = at + maps->size;
	struct maps_line line, last = { 0 };
	uint32_t object = 0;

	process->places.n = 0;
	while (at && (at = maps_next(at, end, &line))) {
		if (!object || line.inode != last.inode || line.dev != last.dev ||
		    line.path_size != last.path_size ||
		    memcmp(line.path, last.path, line.path_size) != 0)
			object = name_of(places, &line);
		last = line;
		*array_add(&process->places) = (struct place){
			.start = line.start,
			.end = line.end,
			.offset = line.offset,
			.object = object,
		};
	}
}

static void read_again(struct wait_places *places, struct process *process, uint32_t pid,
		       uint64_t now_ns)
{
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), kept_ns;
	struct buf maps = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	if (file_read(path, &maps) > 0) /* of one that is gone, what it was stays */
		parse(places, process, &maps);
	buf_release(&maps);
	kept_ns = KEPT_FACTOR * (clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns);
	process->until_ns = now_ns + (kept_ns > KEPT_NS ? kept_ns : KEPT_NS);
}

struct wait_place wait_places_find(struct wait_places *places, uint32_t pid, uint64_t address,
				   uint64_t now_ns)
{
	struct process *process = process_of(places, pid);
	const struct place *place;

	if (now_ns >= process->until_ns)
		read_again(places, process, pid, now_ns);
	array_for_each(place, &process->places) {
		if (address >= place->start && address < place->end)
			return (struct wait_place){
				.object = place->object,
				.offset = place->offset + address - place->start,
			};
	}
	return (struct wait_place){ 0 };
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is mapped at an address of a process: a file, its data, memory without a file.
 *
 * /proc/PID/maps is read when an address is asked for, and what it says kept for a
 * moment: longer, the dearer it was.
 */
#ifndef RECORD_WAIT_PLACE_H
#define RECORD_WAIT_PLACE_H

#include <stdint.h>

#include "event/definer.h"

struct wait_place {
	uint32_t object; /* the id of a string: "/data/file on vda"; 0: not known */
	uint64_t offset; /* in the file */
};

struct wait_places;

struct wait_places *wait_places_new(struct definer *definer); /* borrowed */
void wait_places_free(struct wait_places *places);
void wait_places_forget(struct wait_places *places); /* all that is kept, and so all ids */

struct wait_place wait_places_find(struct wait_places *places, uint32_t pid, uint64_t address,
				   uint64_t now_ns);

#endif /* RECORD_WAIT_PLACE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracks of a timeline in Chrome's format: their ids, names and order. */
#ifndef EXPORT_CHROME_TRACKS_H
#define EXPORT_CHROME_TRACKS_H

#include "base/array.h"
#include "base/map.h"
#include "item.h"

/* What is no process's stands under ids that no process can have (PID_MAX_LIMIT is 1 << 22). */
#define MACHINE_PID ((1u << 22) + 1)

enum machine_track { TRACK_CPU, TRACK_INTERRUPT, TRACK_SOFTIRQ, TRACK_DISK, TRACK_PAUSE };

struct chrome_thread {
	uint32_t task; /* the last one seen */
	int64_t running_ns;
	bool is_shown;
};

struct chrome_machine {
	enum machine_track kind;
	uint32_t id; /* the CPU, string id of the disk, or thread that is paused */
	uint32_t lane;
	uint32_t tid;
};

struct chrome_tracks {
	struct item_source source;
	ARRAY(struct chrome_thread) threads; /* by id */
	struct map machine_by_key;           /* to the index + 1 */
	ARRAY(struct chrome_machine) machine;
};

struct chrome_track {
	uint32_t pid, tid;
	const char *process; /* its name, with the first of its tracks; else NULL */
	const char *name;
	uint32_t order, process_order;
};

typedef void chrome_track_fn(void *arg, const struct chrome_track *track);

void chrome_tracks_see(struct chrome_tracks *tracks, const struct timeline_state *state);
uint32_t chrome_machine_pid(const struct chrome_tracks *tracks, enum machine_track kind,
			    uint32_t id);
uint32_t chrome_tracks_tid(struct chrome_tracks *tracks, enum machine_track kind, uint32_t id,
			   uint32_t lane);

/* Everything has passed: tell @fn of each track, process by process. */
void chrome_tracks_name(struct chrome_tracks *tracks, chrome_track_fn *fn, void *arg);
void chrome_tracks_release(struct chrome_tracks *tracks);

#endif /* EXPORT_CHROME_TRACKS_H */

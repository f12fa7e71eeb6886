/* SPDX-License-Identifier: GPL-2.0-only */
/* The threads of a recording and what they were called; the model's part of it. */
#ifndef MODEL_THREADS_H
#define MODEL_THREADS_H

#include "base/array.h"
#include "base/map.h"
#include "model/model.h"

struct threads_thread {
	struct model_thread thread;
	uint32_t task; /* as it was last called; 0: never asked */
};

struct threads_task {
	struct model_task task;
	uint32_t next; /* another one with the same hash, or 0 */
};

struct threads { /* all-zero is a valid empty one; ids stand one behind their index */
	ARRAY(struct threads_thread) threads;
	ARRAY(struct threads_task) tasks;
	struct map by_tid;  /* the thread that has it now */
	struct map by_hash; /* of tasks */
	uint32_t n_changes; /* threads met and names told */
};

void threads_take(struct threads *threads, const struct event *event);
uint32_t threads_task(struct threads *threads, uint32_t pid, uint32_t tid);

/* The process of the thread that has @tid now; 0: nobody was heard of under it. */
uint32_t threads_pid(const struct threads *threads, uint32_t tid);
void threads_release(struct threads *threads);

#endif /* MODEL_THREADS_H */

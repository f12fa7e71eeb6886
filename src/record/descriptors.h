/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which file each descriptor of a process was, from when to when.
 *
 * System calls are read some time after they were made, when /proc may tell of another
 * file already.  So what it tells is believed only when the stream has come to the
 * time of the look-up, and the descriptor was not closed in between: then it holds
 * for all the time from the first call that was seen on it, or that made it, to the
 * call that closes it.  What was open for too short a time has no name.
 *
 * Not seen are files that io_uring, or a thread with descriptors of its own, closes and
 * opens; a number is then told to be the file that it was.
 */
#ifndef RECORD_DESCRIPTORS_H
#define RECORD_DESCRIPTORS_H

#include "base/array.h"
#include "base/map.h"
#include "event/definer.h"
#include "trace_calls.h"
#include "wait_file.h"

struct descriptor {
	uint64_t since_ns;            /* 0: not known to be open */
	uint64_t asked_ns, looked_ns; /* between these /proc was asked; 0: it was not */
	uint32_t object;              /* string id of what it said; 0: nothing */
	uint32_t rest_ns;             /* there may be more to say after that; 0: no */
};

struct descriptor_process {
	struct map fds; /* descriptor → index of kept + 1 */
};

struct descriptors {             /* all-zero but for the definer: none is known */
	struct definer *definer; /* borrowed */
	struct wait_files *files;
	struct map by_pid; /* to the index + 1 */
	ARRAY(struct descriptor_process) processes;
	ARRAY(uint32_t) unused_processes; /* indexes */
	ARRAY(struct descriptor) kept;
	ARRAY(uint32_t) unused; /* indexes of kept */
	uint64_t second_ns;     /* in which n_lookups counts */
	uint32_t n_lookups;
};

/* @call of a thread of @pid came back at @end_ns; calls come in the order of that. */
void descriptors_take(struct descriptors *descriptors, uint32_t pid, const struct trace_call *call,
		      uint64_t end_ns);

/* The process ended. */
void descriptors_forget(struct descriptors *descriptors, uint32_t pid, uint64_t time_ns);

/* Everything up to @end_ns has passed, or what follows is lost: tell of all. */
void descriptors_flush(struct descriptors *descriptors, uint64_t end_ns);
void descriptors_release(struct descriptors *descriptors);

#endif /* RECORD_DESCRIPTORS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of ftrace that the recorder uses: where their fields stand on this
 * kernel, and what they say.
 */
#ifndef RECORD_TRACE_FORMAT_H
#define RECORD_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"
#include "event/syscalls.h"

enum trace_kind {
	TRACE_SWITCH,
	TRACE_WAKING,
	TRACE_FORK,
	TRACE_ENTER, /* a system call begins */
	TRACE_EXIT,
	TRACE_FAULT,
	TRACE_IRQ_ENTRY,
	TRACE_IRQ_EXIT,
	TRACE_SOFTIRQ_ENTRY,
	TRACE_SOFTIRQ_EXIT,
	TRACE_DISK_START, /* a request is made */
	TRACE_DISK_ISSUE, /* the device gets it */
	TRACE_DISK_DONE,
	TRACE_SIGNAL_SENT,
	TRACE_SIGNAL_DELIVERED,
	TRACE_LOCK_BEGIN, /* a lock of the kernel's is not free */
	TRACE_LOCK_END,
	TRACE_N_FORMATS,
	TRACE_GAP = TRACE_N_FORMATS, /* no event: some were lost */
};

enum trace_part { TRACE_BASIC, TRACE_DETAIL, TRACE_LOCKS, TRACE_N_PARTS };

#define TRACE_COMM_BYTES 16 /* room for a name, ended by a NUL if shorter */

struct trace_switch {
	uint32_t prev, next;
	enum task_state state;             /* of prev */
	const char *prev_comm, *next_comm; /* TRACE_COMM_BYTES each, or NULL */
	uint32_t prev_level, next_level;   /* priorities, as of EVENT_PRIORITY */
};

struct trace_disk_io {
	uint32_t tid; /* who ran, whether it has to do with it or not */
	uint32_t dev; /* as the kernel has it, 20 bits of them the minor number */
	uint64_t sector, n_sectors;
	enum disk_op op;
	int32_t error; /* of one that is done: 0 or -errno */
};

struct trace_record {
	enum trace_kind kind;
	uint32_t cpu;
	uint64_t time_ns;
	union {
		struct trace_switch switched;
		struct {
			uint32_t tid, waker; /* 0: an interrupt */
		} waking;
		struct {
			uint32_t parent, child;
		} fork;
		struct {
			uint32_t tid;
			int64_t nr, result;          /* result: of an exit */
			uint64_t args[SYSCALL_ARGS]; /* of an entry; those to be kept */
		} call;
		struct {
			uint32_t tid;
			uint64_t address, ip;
			enum memory_access access;
		} fault;
		struct {
			uint32_t tid; /* who was interrupted */
			uint32_t nr;
			const char *name; /* of an entry's handler; not terminated */
			size_t name_size;
		} irq;
		struct trace_disk_io disk;
		struct {
			uint32_t tid, sender; /* 0: an interrupt */
			uint32_t signo;
			enum signal_step step;
			bool to_process;
		} signal;
		struct {
			uint32_t tid;   /* who waits; 0: an interrupt, or an idle CPU */
			uint32_t flags; /* of a begin: enum kernel_lock_flag */
			int32_t result; /* of an end: 0 or -errno */
			uint64_t address;
		} lock;
		struct {
			uint64_t start_ns, count;
		} gap;
	};
};

struct trace_field {
	uint32_t offset, size;
};

#define TRACE_MAX_FIELDS 7

struct trace_format {
	bool is_known;
	uint16_t id;    /* common_type of such an event */
	uint32_t bytes; /* an event has at least so many */
	struct trace_field fields[TRACE_MAX_FIELDS];
};

struct trace_formats { /* all-zero: none is known */
	struct trace_format of[TRACE_N_FORMATS];
	struct trace_field type, flags, tid; /* of all events */
};

extern const struct trace_event { /* of each format */
	const char *system, *event;
	const char *fields[TRACE_MAX_FIELDS];
	const char *who[3]; /* fields with a thread that it is about; none: it is about nobody */
	enum trace_part part;
	bool is_never_ours;    /* leave out what this process does: it would go on for ever */
	int group;             /* a kind; all of a group are had or none */
	const char *if_absent; /* of the first of a group: what is missing then, as a sentence */
} trace_events[TRACE_N_FORMATS];

/* Learn @kind's fields from its format file.  0, or -EBADMSG: they are not as needed. */
int trace_formats_learn(struct trace_formats *formats, enum trace_kind kind, const char *text,
			size_t size);

/* Decode the fields of one event.  false: it is not of a kind that was learnt. */
bool trace_decode(const struct trace_formats *formats, const unsigned char *data, size_t size,
		  struct trace_record *ret);

/* What sched_switch says of how the thread goes on. */
enum task_state trace_task_state(uint64_t prev_state);

#endif /* RECORD_TRACE_FORMAT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel writes into a perf ring, decoded: the PERF_RECORD_* that the
 * recorder uses, for events opened with PERF_SAMPLE_TYPE and sample_id_all.
 *
 * Raw data costs a sample of the CPU 8 bytes, and tells of a tracepoint whom it is
 * about.  PERF_SAMPLE_PERIOD must not be asked for: with it, Linux samples every
 * event of a tracepoint whatever the period.
 */
#ifndef RECORD_PERF_RECORD_H
#define RECORD_PERF_RECORD_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of every event in one ring, so that a record can be decoded before its event is known. */
#define PERF_SAMPLE_TYPE                                                                     \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |    \
	 PERF_SAMPLE_CPU | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER | \
	 PERF_SAMPLE_STACK_USER)

/* AX BX CX DX SI DI BP SP IP and R8 … R15, in the kernel's numbering for x86. */
#define PERF_REGS_MASK 0xff01ffull
#define PERF_N_REGS    17

enum perf_reg { /* where a register stands in perf_sample.regs */
		PERF_REG_AX,
		PERF_REG_BX,
		PERF_REG_CX,
		PERF_REG_DX,
		PERF_REG_SI,
		PERF_REG_DI,
		PERF_REG_BP,
		PERF_REG_SP,
		PERF_REG_IP,
		PERF_REG_R8,
		PERF_REG_R9,
		PERF_REG_R10,
};

struct perf_sample {
	uint64_t address;      /* of a page fault; else 0 */
	const uint64_t *chain; /* call chain, innermost first, with its PERF_CONTEXT_* */
	size_t n_chain;
	const void *raw; /* the tracepoint's own fields, where they stand in its format */
	size_t raw_size;
	uint64_t abi;         /* PERF_SAMPLE_REGS_ABI_*; NONE: no user registers, no stack */
	const uint64_t *regs; /* PERF_N_REGS, by ascending bit of the mask */
	const void *stack;    /* from the stack pointer up */
	size_t stack_size;    /* what was really copied */
};

struct perf_mmap {
	uint64_t start, size, offset;
	uint64_t dev, inode;
	const char *path; /* terminated */
	bool is_exec;
};

struct perf_record {   /* pointers go into the record's bytes */
	uint32_t type; /* PERF_RECORD_* */
	uint16_t misc;
	uint64_t id;     /* of the event */
	uint32_t source; /* what that event is (enum sampler_source); the sampler sets it */
	uint32_t period; /* one of so many was sampled; so this */
	uint64_t time_ns;
	uint32_t pid, tid; /* for COMM, MMAP2, FORK and EXIT: whom it is about */
	uint32_t cpu;
	union {
		struct perf_sample sample;
		struct perf_mmap mmap;
		struct {
			const char *name;
			bool is_exec;
		} comm;
		struct {
			uint32_t parent_pid, parent_tid;
		} task;
		uint64_t lost;
	};
};

/*
 * Decode the record of @size bytes at @data (8-byte aligned).  Returns 0; -ENOTSUP
 * for a kind that is not used; -EBADMSG if it contradicts itself.
 */
int perf_record_decode(const void *data, size_t size, struct perf_record *ret);

/*
 * Where, in a record of @size bytes that begins with @header, its time stands.
 * 0: it has none.
 */
size_t perf_record_time_offset(const struct perf_event_header *header);

#endif /* RECORD_PERF_RECORD_H */

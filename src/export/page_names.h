/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rows of a page's tables refer to by number: texts, functions, frames, stacks,
 * threads.  Each is put into its table when it is first asked for, so that what is kept
 * is a number for each.  References count from 1 in the order of the table; 0 is none.
 */
#ifndef EXPORT_PAGE_NAMES_H
#define EXPORT_PAGE_NAMES_H

#include "base/array.h"
#include "base/map.h"
#include "model/names.h"
#include "page_table.h"

struct page_thread {
	uint32_t ref;  /* 0: not asked for */
	uint32_t task; /* what it was called last; 0: never heard */
};

struct page_stack_use {  /* of what is put: how often it was asked for */
	uint32_t parent; /* smaller than its own number, or 0 */
	uint32_t frame;  /* for names_frame() */
	uint64_t n;
};

struct page_names {
	struct model *model; /* borrowed, as is names */
	struct names *names;
	struct page_table texts, functions, frames, stacks, threads;
	struct map text_refs, function_refs, frame_refs, stack_refs;
	struct map call_refs; /* of texts, by the number of a system call */
	ARRAY(struct page_thread) by_thread;
	ARRAY(struct page_stack_use) uses; /* by reference of a stack */
	ARRAY(uint32_t) path;              /* of the stack at hand */
	ARRAY(uint32_t) thread_by_ref;     /* the thread of ref i at i - 1 */
	int error;                         /* 0, or the first -errno */
};

void page_names_init(struct page_names *ret, struct model *model, struct names *names, FILE *out);

uint32_t page_text(struct page_names *names, uint32_t text); /* by its id in the names */
uint32_t page_string(struct page_names *names, const char *string);
uint32_t page_call(struct page_names *names, uint32_t nr); /* the text of a system call's name */
uint32_t page_stack(struct page_names *names, uint32_t stack);

/* Good until the next call; its task may be set. */
struct page_thread *page_thread(struct page_names *names, uint32_t thread);

/* Write the rest and free what was kept.  0, or the first -errno. */
int page_names_finish(struct page_names *names);

#endif /* EXPORT_PAGE_NAMES_H */

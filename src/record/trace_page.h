/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of an ftrace buffer, as read from trace_pipe_raw: a header and entries, each
 * of a time and the fields of one event.  The layout is that of the header_page file
 * of tracefs on 64-bit kernels, part of the kernel's ABI.
 *
 * What libtraceevent offers for this, kbuffer, is not used: it trusts each length
 * that stands in the page.
 */
#ifndef RECORD_TRACE_PAGE_H
#define RECORD_TRACE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_page {
	const unsigned char *data; /* borrowed; behind the header */
	size_t size;               /* of what holds entries */
	size_t at;                 /* where the next entry begins */
	uint64_t time_ns;          /* of the last one */
	bool is_missed;            /* events were lost between the page before and this one */
	uint64_t n_missed;         /* how many; 0: the page does not say */
};

struct trace_entry {
	uint64_t time_ns;
	const unsigned char *data; /* the event's fields */
	size_t size;
};

/* Begin with the @size bytes of a page.  0, or -EBADMSG: the page contradicts itself. */
int trace_page_open(struct trace_page *page, const void *bytes, size_t size);

/* The next entry.  1; 0: that was all; -EBADMSG: what follows cannot be read. */
int trace_page_next(struct trace_page *page, struct trace_entry *ret);

#endif /* RECORD_TRACE_PAGE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a process's memory is there now: the pages that count as resident, by the
 * mapping that they are in.
 *
 * ioctl(PAGEMAP_SCAN) tells, from Linux 6.7 on, and /proc/PID/pagemap where that is not
 * there; neither stops the process.  The kernel's page of zeros does not count, nor do
 * hugetlbfs and the memory of devices: they do not in RSS.
 */
#ifndef RECORD_PAGE_SCAN_H
#define RECORD_PAGE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/buf.h"
#include "event/values.h"
#include "page_set.h"

struct page_run { /* of pages that are all the same */
	struct page_range pages;
	enum mapping_kind mapping;
	uint32_t name; /* where in names the mapping's name stands */
	bool is_huge;  /* each 512 of them are one page to the processor */
};

struct page_scan {                   /* all-zero is a valid empty one */
	ARRAY(struct page_run) runs; /* in ascending order */
	struct buf names;            /* each terminated; the first is empty */
};

/* What smaps_rollup says of a process, in bytes. */
struct page_sums {
	uint64_t rss, anonymous, lazy_free, swap;
};

/* -ESRCH: no such process; -EACCES, -EPERM.  @is_old: not by PAGEMAP_SCAN. */
int page_scan_take(pid_t pid, bool is_old, struct page_scan *ret);
void page_scan_release(struct page_scan *scan);

/* Whether PAGEMAP_SCAN is there. */
bool page_scan_is_new(void);

/* The run that holds @page, or NULL. */
const struct page_run *page_scan_find(const struct page_scan *scan, uint64_t page);

int page_sums_read(pid_t pid, struct page_sums *ret);

/* The figures in the text of smaps_rollup; of what it does not say, 0. */
struct page_sums page_sums_parse(const char *text);

#endif /* RECORD_PAGE_SCAN_H */

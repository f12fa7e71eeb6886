/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/maps.h"

/* Linux 6.7: headers of before do not have it. */
struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL   _IOWR('f', 16, struct scan_arg)
#define SCAN_FILE    (1u << 2)
#define SCAN_PRESENT (1u << 3)
#define SCAN_ZERO    (1u << 5)
#define SCAN_HUGE    (1u << 6)

#define N_REGIONS     4096
#define ADDRESSES_END ((UINT64_C(1) << 47) - PAGE_BYTES) /* of user space */
#define HUGE          512u                               /* pages */

#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_FILE    (UINT64_C(1) << 61)
#define ENTRY_FRAME   ((UINT64_C(1) << 55) - 1)
#define MAX_PAGES     (UINT64_C(64) << 18) /* of a mapping: 64 GiB */
#define N_ENTRIES     8192                 /* a multiple of HUGE */

struct mapping { /* as /proc/PID/maps has it */
	struct page_range pages;
	enum mapping_kind file_kind, anonymous_kind;
	uint32_t name;
	bool is_left_out;
};

struct scanner {
	int fd; /* of /proc/PID/pagemap */
	ARRAY(struct mapping) mappings;
	size_t at; /* the mapping that holds what comes next, or one before it */
	struct page_scan *scan;
	uint64_t zero_frame; /* of the page of zeros; 0: not known */
};

static bool begins(const struct maps_line *line, const char *prefix)
{
	size_t n = strlen(prefix);

	return line->path_size >= n && !memcmp(line->path, prefix, n);
}

static bool is_named(const struct maps_line *line, const char *name)
{
	return line->path_size == strlen(name) && begins(line, name);
}

/* What the kernel counts as shared memory rather than as a file. */
static bool is_shared_memory(const struct maps_line *line)
{
	return begins(line, "/dev/zero") || begins(line, "/dev/shm/") || begins(line, "/memfd:") ||
	       begins(line, "/SYSV") || begins(line, "[anon_shmem:");
}

static bool is_left_out(const struct maps_line *line)
{
	return begins(line, "[vvar") || is_named(line, "[vsyscall]") ||
	       begins(line, "/anon_hugepage") || begins(line, "/dev/hugepages") ||
	       (begins(line, "/dev/") && !is_shared_memory(line));
}

static uint32_t add_name(struct buf *names, const char *text, size_t size)
{
	size_t at = names->size;

	buf_add(names, text, size);
	buf_add(names, "", 1);
	return (uint32_t)at;
}

/* Neighbours are often of the same file. */
static uint32_t name_of(struct scanner *scanner, const struct maps_line *line)
{
	struct buf *names = &scanner->scan->names;
	const struct mapping *last =
		scanner->mappings.n ? &scanner->mappings.items[scanner->mappings.n - 1] : NULL;
	const char *before = last ? (const char *)names->data + last->name : "";

	if (!line->path_size || begins(line, "[anon")) /* [anon:.bss] and such have no end */
		return 0;
	if (last && strlen(before) == line->path_size &&
	    !memcmp(before, line->path, line->path_size))
		return last->name;
	return add_name(names, line->path, line->path_size);
}

static void add_mapping(struct scanner *scanner, const struct maps_line *line)
{
	uint32_t name = name_of(scanner, line);

	*array_add(&scanner->mappings) = (struct mapping){
		.pages = { line->start / PAGE_BYTES, line->end / PAGE_BYTES },
		.file_kind = is_shared_memory(line) ? MAPPING_SHARED : MAPPING_FILE,
		.anonymous_kind = is_named(line, "[heap]")  ? MAPPING_HEAP :
				  is_named(line, "[stack]") ? MAPPING_STACK :
							      MAPPING_ANONYMOUS,
		.name = name,
		.is_left_out = is_left_out(line),
	};
}

static int read_mappings(struct scanner *scanner, pid_t pid)
{
	char *path = xasprintf("/proc/%d/maps", pid);
	struct buf text = { 0 };
	ssize_t r = file_read(path, &text);
	struct maps_line line;
	const char *at = buf_str(&text);
	const char *end = at + text.size;

	while (r > 0 && (at = maps_next(at, end, &line)) != NULL)
		add_mapping(scanner, &line);
	free(path);
	buf_release(&text);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : (int)r;
	return r > 0 ? 0 : -ESRCH; /* it is empty when the process has ended */
}

static void add_run(struct scanner *scanner, const struct page_run *run)
{
	struct page_scan *scan = scanner->scan;
	struct page_run *last = scan->runs.n ? &scan->runs.items[scan->runs.n - 1] : NULL;

	if (last && last->pages.end == run->pages.start && last->mapping == run->mapping &&
	    last->name == run->name && last->is_huge == run->is_huge)
		last->pages.end = run->pages.end;
	else
		*array_add(&scan->runs) = *run;
}

/* What was mapped since the mappings were read is memory without a name. */
static struct page_run part_of(struct scanner *scanner, struct page_range pages,
			       uint64_t categories, bool *ret_counts)
{
	bool is_file = categories & SCAN_FILE;
	struct page_run run = { pages, is_file ? MAPPING_FILE : MAPPING_ANONYMOUS, 0,
				categories & SCAN_HUGE };
	const struct mapping *mapping;

	while (scanner->at < scanner->mappings.n &&
	       scanner->mappings.items[scanner->at].pages.end <= pages.start)
		scanner->at++;
	*ret_counts = true;
	if (scanner->at == scanner->mappings.n)
		return run;
	mapping = &scanner->mappings.items[scanner->at];
	if (mapping->pages.start > pages.start) {
		if (mapping->pages.start < pages.end)
			run.pages.end = mapping->pages.start;
		return run;
	}
	if (mapping->pages.end < pages.end)
		run.pages.end = mapping->pages.end;
	run.mapping = is_file ? mapping->file_kind : mapping->anonymous_kind;
	run.name = mapping->name;
	*ret_counts = !mapping->is_left_out;
	return run;
}

/* A full answer may tell of a range twice. */
static void add_pages(struct scanner *scanner, struct page_range pages, uint64_t categories)
{
	const struct page_scan *scan = scanner->scan;
	uint64_t done = scan->runs.n ? scan->runs.items[scan->runs.n - 1].pages.end : 0;
	bool counts;

	if (pages.start < done)
		pages.start = done;
	while (pages.start < pages.end) {
		struct page_run run = part_of(scanner, pages, categories, &counts);

		if (counts)
			add_run(scanner, &run);
		pages.start = run.pages.end;
	}
}

static int scan_new(struct scanner *scanner)
{
	struct scan_region *regions = xcalloc(N_REGIONS, sizeof(*regions));
	struct scan_arg arg = {
		.size = sizeof(arg),
		.end = ADDRESSES_END,
		.vec = (uintptr_t)regions,
		.vec_len = N_REGIONS,
		.category_inverted = SCAN_ZERO,
		.category_mask = SCAN_PRESENT | SCAN_ZERO,
		.return_mask = SCAN_FILE | SCAN_HUGE,
	};
	int n;

	do {
		n = ioctl(scanner->fd, SCAN_IOCTL, &arg);
		if (n < 0)
			n = -errno;
		for (int i = 0; i < n; i++)
			add_pages(scanner,
				  (struct page_range){ regions[i].start / PAGE_BYTES,
						       regions[i].end / PAGE_BYTES },
				  regions[i].categories);
		arg.start = arg.walk_end;
	} while (n > 0 && arg.walk_end < arg.end);
	free(regions);
	return n < 0 ? n : 0;
}

/* Frames that follow each other, on a boundary of a large page, are one. */
static bool is_huge(const uint64_t *entries)
{
	if ((entries[0] & ENTRY_FRAME) % HUGE || !(entries[0] & ENTRY_FRAME))
		return false;
	for (size_t i = 0; i < HUGE; i++) {
		if (entries[i] != entries[0] + i)
			return false;
	}
	return true;
}

static void take_entries(struct scanner *scanner, const uint64_t *entries, size_t n, uint64_t page)
{
	for (size_t i = 0; i < n;) {
		uint64_t entry = entries[i], frame = entry & ENTRY_FRAME;
		bool huge = (page + i) % HUGE == 0 && n - i >= HUGE && is_huge(entries + i);
		size_t step = huge ? HUGE : 1;

		if (entry & ENTRY_PRESENT && (!frame || frame != scanner->zero_frame))
			add_pages(scanner, (struct page_range){ page + i, page + i + step },
				  (entry & ENTRY_FILE ? SCAN_FILE : 0) | (huge ? SCAN_HUGE : 0));
		i += step;
	}
}

/* The frame of the page of zeros, as a page of ours that was read only has it; 0: not told. */
static uint64_t find_zero_frame(void)
{
	volatile char *page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (page != MAP_FAILED && fd >= 0) {
		(void)*page;
		if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE_BYTES * 8)) !=
		    sizeof(entry))
			entry = 0;
	}
	if (page != MAP_FAILED)
		munmap((void *)(uintptr_t)page, PAGE_BYTES);
	if (fd >= 0)
		close(fd);
	return entry & ENTRY_FRAME;
}

static int scan_mapping(struct scanner *scanner, uint64_t *entries, struct page_range pages)
{
	while (pages.start < pages.end) {
		uint64_t edge = (pages.start / HUGE + N_ENTRIES / HUGE) * HUGE;
		size_t n = (edge < pages.end ? edge : pages.end) - pages.start;
		ssize_t got = pread(scanner->fd, entries, 8 * n, (off_t)(8 * pages.start));

		if (got < 0)
			return -errno;
		if (got < 8)
			break;
		take_entries(scanner, entries, (size_t)got / 8, pages.start);
		pages.start += (size_t)got / 8;
	}
	return 0;
}

/*
 * An entry is read for every page that could be there.  Of the terabytes that some reserve (ASan's
 * shadow) that would take minutes: what is in those is left out, and missing from the sum.
 */
static int scan_old(struct scanner *scanner)
{
	uint64_t *entries = xcalloc(N_ENTRIES, sizeof(*entries));
	int r = 0;

	scanner->zero_frame = find_zero_frame();
	for (size_t i = 0; !r && i < scanner->mappings.n; i++) {
		const struct mapping *mapping = &scanner->mappings.items[i];

		scanner->at = i;
		if (!mapping->is_left_out && mapping->pages.end - mapping->pages.start <= MAX_PAGES)
			r = scan_mapping(scanner, entries, mapping->pages);
	}
	free(entries);
	return r;
}

static int open_pagemap(pid_t pid)
{
	char *path = xasprintf("/proc/%d/pagemap", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? errno == ENOENT ? -ESRCH : -errno : fd;

	free(path);
	return r;
}

int page_scan_take(pid_t pid, bool is_old, struct page_scan *ret)
{
	struct page_scan scan = { 0 };
	struct scanner scanner = { .fd = open_pagemap(pid), .scan = &scan };
	int r = scanner.fd < 0 ? scanner.fd : 0;

	add_name(&scan.names, "", 0);
	if (!r)
		r = read_mappings(&scanner, pid);
	if (!r)
		r = is_old ? scan_old(&scanner) : scan_new(&scanner);
	if (scanner.fd >= 0)
		close(scanner.fd);
	array_release(&scanner.mappings);
	if (r)
		page_scan_release(&scan);
	else
		*ret = scan;
	return r;
}

void page_scan_release(struct page_scan *scan)
{
	array_release(&scan->runs);
	buf_release(&scan->names);
}

bool page_scan_is_new(void)
{
	struct scan_arg arg = { .size = sizeof(arg), .end = PAGE_BYTES };
	int fd = open_pagemap(getpid());
	bool is_new = false;

	arg.category_mask = arg.return_mask = SCAN_PRESENT;
	arg.vec = (uintptr_t) & (struct scan_region){ 0 };
	arg.vec_len = 1;
	if (fd >= 0) {
		is_new = ioctl(fd, SCAN_IOCTL, &arg) >= 0;
		close(fd);
	}
	return is_new;
}

const struct page_run *page_scan_find(const struct page_scan *scan, uint64_t page)
{
	size_t low = 0, high = scan->runs.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (scan->runs.items[mid].pages.end <= page)
			low = mid + 1;
		else
			high = mid;
	}
	return low < scan->runs.n && scan->runs.items[low].pages.start <= page ?
		       &scan->runs.items[low] :
		       NULL;
}

struct page_sums page_sums_parse(const char *text)
{
	struct page_sums sums = { 0 };
	const struct {
		const char *name;
		uint64_t *value;
	} rows[] = {
		{ "\nRss:", &sums.rss },
		{ "\nAnonymous:", &sums.anonymous },
		{ "\nLazyFree:", &sums.lazy_free },
		{ "\nSwap:", &sums.swap },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *at = strstr(text, rows[i].name);

		if (at)
			*rows[i].value = strtoull(at + strlen(rows[i].name), NULL, 10) << 10;
	}
	return sums;
}

int page_sums_read(pid_t pid, struct page_sums *ret)
{
	char *path = xasprintf("/proc/%d/smaps_rollup", pid);
	struct buf text = { 0 };
	ssize_t r = file_read(path, &text);

	if (r > 0)
		*ret = page_sums_parse(buf_str(&text));
	free(path);
	buf_release(&text);
	if (r > 0)
		return 0;
	return r < 0 && r != -ENOENT ? (int)r : -ESRCH;
}

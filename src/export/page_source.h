/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of source for a page: those that most stacks stand in, with some around them, as far
 * as their files are found on this machine.  What a file is called comes from the recording,
 * whose author must not have any file put into a page: only regular files whose real name
 * ends as a source's does are read, whatever leads to them.
 */
#ifndef EXPORT_PAGE_SOURCE_H
#define EXPORT_PAGE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "page_names.h"

enum page_source_state {
	SOURCE_FOUND,
	SOURCE_ABSENT,
	SOURCE_NEWER,   /* found, but changed after the recording: lines may have moved */
	SOURCE_NO_ROOM, /* the page has enough without */
};

#define PAGE_SOURCE_AROUND 8u              /* lines before, and after, one that is wanted */
#define PAGE_SOURCE_BYTES  (1536u * 1024u) /* of all lines, at most */

/* Whether a path ends as one of a source file. */
bool page_source_is_name(const char *path);

/*
 * Two tables: "files", of all that stacks name, and "source", of lines.  @wall_ns: when it was
 * recorded, or 0.  0 or -errno; what cannot be read is no error.
 */
int page_put_sources(struct page_names *names, uint64_t wall_ns, FILE *out);

#endif /* EXPORT_PAGE_SOURCE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a recording is written to: writer.h says by which rules it is opened. */
#ifndef DATA_OUTPUT_H
#define DATA_OUTPUT_H

enum output_kind {
	OUTPUT_STREAM, /* was there before */
	OUTPUT_NEW,
	OUTPUT_REPLACING, /* new as well; what was there is PATH.old */
};

struct output {
	int fd;
	enum output_kind kind;
};

int output_open(const char *path, struct output *ret); /* -errno on failure */

/* Whether it could be opened, as far as that can be told without leaving anything behind. */
int output_check(const char *path);

/* Take back what output_open() did to @path, and close it. */
void output_undo(struct output *output, const char *path);

#endif /* DATA_OUTPUT_H */

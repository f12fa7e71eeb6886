/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process behind uprobes.h, and what is said between the two, in packets on a socket.
 * It ends when the other side does, or closes the socket.
 */
#ifndef RECORD_UPROBE_HELPER_H
#define RECORD_UPROBE_HELPER_H

#include <limits.h>
#include <stdint.h>

#include "runtime/points.h"

struct uprobe_question { /* with the file's descriptor */
	uint32_t key;
	uint32_t is_function;
	uint32_t stack_bytes; /* 0: as is usual */
	char path[PATH_MAX];
	char function[256];
};

enum uprobe_answer_kind {
	UPROBE_EVENT, /* with its descriptor */
	UPROBE_DONE,  /* the last one */
};

struct uprobe_answer {
	uint32_t key;
	uint32_t kind; /* enum uprobe_answer_kind */
	uint32_t point, cpu;
	int32_t error;
	uint32_t filler;
	struct points points; /* of UPROBE_DONE */
};

/* The type of the kernel's uprobe events, or -errno. */
int uprobe_type(void);

/* Fork it, as nobody's child; @ret_fd is the end of its socket.  0 or -errno. */
int uprobe_helper_start(int *ret_fd);

/* A packet with a descriptor, or without one: -1.  0 or -errno. */
int uprobe_send(int socket, const void *data, size_t size, int fd);

/* The packet's size, 0 at the end, or -errno; @ret_fd is owned, or -1. */
ssize_t uprobe_receive(int socket, void *data, size_t size, int *ret_fd);

#endif /* RECORD_UPROBE_HELPER_H */

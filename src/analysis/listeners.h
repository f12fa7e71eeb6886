/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which descriptors are a server's, by the names that the recorder gave them: a socket that takes
 * connections, and the server's ends of TCP connections that came by one of these.
 */
#ifndef ANALYSIS_LISTENERS_H
#define ANALYSIS_LISTENERS_H

#include <stdbool.h>

#include "base/map.h"

struct listeners { /* all-zero is none */
	struct map ports;
};

/* @object: "tcp 0.0.0.0:80 (listening)", also among others; anything else is ignored. */
void listeners_add(struct listeners *listeners, const char *object);

/* Whether @object is a listening socket, has one, or is a connection to one that was added. */
bool listeners_serve(const struct listeners *listeners, const char *object);

void listeners_release(struct listeners *listeners);

#endif /* ANALYSIS_LISTENERS_H */

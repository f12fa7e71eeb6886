/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of /proc/PID/net/{tcp,tcp6,udp,udp6,unix}: which socket is between whom. */
#ifndef RECORD_NET_TABLE_H
#define RECORD_NET_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum net_family { NET_TCP, NET_TCP6, NET_UDP, NET_UDP6, NET_UNIX, NET_N_FAMILIES };

extern const char *const net_files[NET_N_FAMILIES]; /* below /proc/PID/net */

/*
 * Parse the line at the head of @text, which ends at @end: the socket's inode, and what
 * it is for people, such as "tcp 10.0.0.1:41032 → 10.0.0.2:5432", in @ret_name (emptied
 * first).  Returns where the next line begins; NULL at the end of the text.  A line that
 * makes no sense, the heading for one, gives inode 0.
 */
const char *net_line_next(enum net_family family, const char *text, const char *end,
			  uint64_t *ret_inode, struct buf *ret_name);

/* Such a name is one of a socket that takes connections. */
bool net_name_listens(const struct buf *name);

#endif /* RECORD_NET_TABLE_H */

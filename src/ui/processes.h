/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes there are, by /proc, and what their threads do: for a page that shows them live. */
#ifndef UI_PROCESSES_H
#define UI_PROCESSES_H

#include "base/buf.h"

/*
 * Append JSON: {"time_ns":…, "processes":[{"pid":…, "name":…, "user":…, "threads":…,
 * "running":…, "blocked":…, "disk":…, "run_ns":…, "wait_ns":…, "rss_bytes":…, "cgroup":…}]}.
 * running, blocked and disk count threads now; run_ns and wait_ns are sums of time on a CPU
 * and of waiting for one, over the threads that live.
 */
void processes_json(struct buf *out);

#endif /* UI_PROCESSES_H */

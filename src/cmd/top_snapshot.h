/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last seconds as they are at one moment, in a forked process without privilege: it holds
 * them as long as it lives, and makes screens of them, as often as it is asked.  The figures are
 * those of the analyses of `sysprof report`.
 */
#ifndef CMD_TOP_SNAPSHOT_H
#define CMD_TOP_SNAPSHOT_H

#include "base/buf.h"
#include "top_live.h"
#include "ui/top.h"

struct top_snapshot { /* all-zero: none */
	pid_t child;
	int socket;
	bool is_asked; /* and has not answered */
};

/* Between two steps of the recorder.  0 or -errno. */
int top_snapshot_start(struct top_snapshot *ret, struct top_live *live);
void top_snapshot_end(struct top_snapshot *snapshot);

int top_snapshot_ask(struct top_snapshot *snapshot, const struct top_request *request);

/*
 * The answer, as text in @ret_text: 1; 0: none as yet; -errno: there will be none.
 */
int top_snapshot_take(struct top_snapshot *snapshot, struct top_reply *ret, struct buf *ret_text);

/* The processor time that it has taken so far. */
uint64_t top_snapshot_cpu_ns(const struct top_snapshot *snapshot);

#endif /* CMD_TOP_SNAPSHOT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Which device made threads wait, as far as their waits tell it. */
#ifndef ANALYSIS_DISK_BLAME_H
#define ANALYSIS_DISK_BLAME_H

#include "blame.h"

/*
 * "312 waits of 4.1ms on average, the longest 20ms; for vda (91%), a device not known (9%)":
 * the shares are of their time.
 */
void disk_blame(struct buf *out, struct names *names, const struct model *model,
		const blame_rows *rows);

#endif /* ANALYSIS_DISK_BLAME_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events in columns: what their bodies have at the same place stands together, which
 * deflates to some six tenths of what it does an event after the other, and faster.
 *
 * Nothing but varints is known of the events, and none of their meaning: an event's tag and
 * the number of varints in it are its shape, and every byte of each varint of a shape
 * has a column.  The layout is in sysprof.data(5).
 */
#ifndef DATA_COLUMNS_H
#define DATA_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Append to @out what @rows, events one after the other, are in columns.  False, and nothing
 * appended, if they are not whole events of varints alone, or of too many shapes.
 */
bool columns_encode(const struct buf *rows, struct buf *out);

/* The other way round: 0, or -EBADMSG and nothing appended. */
int columns_decode(const struct buf *columns, struct buf *out);

#endif /* DATA_COLUMNS_H */

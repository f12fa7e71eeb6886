/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binary form of events: kind, size, then the fields as varints, times and
 * DELTA fields as differences.  sysprof.data(5) has the bytes.
 *
 * A codec holds the values that differences refer to.  It starts all-zero at the
 * head of every chunk, so that a chunk can be decoded without the ones before it.
 */
#ifndef EVENT_CODEC_H
#define EVENT_CODEC_H

#include <sys/types.h>

#include "base/buf.h"
#include "event/event.h"

struct event_codec {
	uint64_t last_time_ns;
	uint64_t last[EVENT_N_KINDS]; /* of each kind's DELTA field; a kind has one at most */
};

/* Append @event, whose kind must be known. */
void event_encode(struct event_codec *codec, struct buf *out, const struct event *event);

/*
 * Decode the event at the head of @data.  Returns the bytes it took, or -EBADMSG;
 * then @codec and @ret are spoilt, and what follows cannot be decoded.  A kind that
 * is not known decodes to kind 0, to be passed over.  BYTES fields point into @data.
 */
ssize_t event_decode(struct event_codec *codec, const void *data, size_t size, struct event *ret);

#endif /* EVENT_CODEC_H */

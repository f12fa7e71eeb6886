/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where events go.  The recorder and the file reader feed a sink; the file
 * writer, the model and the text dump are sinks.  Timed events arrive in the
 * order of their time and definitions before their first use, so that replaying
 * a file and watching live are one code path.
 */
#ifndef EVENT_SINK_H
#define EVENT_SINK_H

struct event;

struct event_sink {
	/* Take one event; @event is borrowed for the call.  0 or -errno, which ends the feed. */
	int (*put)(struct event_sink *sink, const struct event *event);
};

static inline int event_sink_put(struct event_sink *sink, const struct event *event)
{
	return sink->put(sink, event);
}

#endif /* EVENT_SINK_H */

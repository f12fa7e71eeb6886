/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text form of events, one a line: `sample time_ns=1000 pid=7 tid=7 …`.
 * Strings stand quoted where they are used.  What the printer writes the
 * assembler reads back.  For people who write recordings by hand (tests do) the
 * assembler also takes stacks as `stack={app!main;app!work>inlined@w.c:12}`:
 * outermost first, module!function, `>` for what is inlined into it, @file:line.
 * sysprof-dump(1) has the grammar.
 */
#ifndef EVENT_TEXT_H
#define EVENT_TEXT_H

#include <stdio.h>

#include "base/buf.h"
#include "event/sink.h"

/* A sink that prints to @out; release with event_printer_free(). */
struct event_printer;
struct event_printer *event_printer_new(FILE *out);
struct event_sink *event_printer_sink(struct event_printer *printer);
void event_printer_free(struct event_printer *printer);

/*
 * Read @text and put its events, with the definitions they need, into @sink.
 * Returns 0, or -errno with a message for people, that begins with "line N: ",
 * in @message.
 */
int event_assemble(const char *text, struct event_sink *sink, struct buf *message);

#endif /* EVENT_TEXT_H */

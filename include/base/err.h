/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for people, on stderr, each one line: "sysprof: " and what failed, on
 * what, why, and what to do.  Only record/, ui/ and cmd/ print; lower rooms return
 * codes.  A status line on a terminal is wiped before a message.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Say why something failed; returns @error, so that `return err(-ENOENT, "…")` reads well. */
int err(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line that is rewritten in place; nothing where stderr is no terminal.  "" wipes it. */
void status_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* BASE_ERR_H */

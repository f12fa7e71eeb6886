/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of flags and choices in arguments of system calls. */
#ifndef EVENT_SYSCALL_WORDS_H
#define EVENT_SYSCALL_WORDS_H

#include <stdint.h>

#include "base/buf.h"

/* Append what @value is called in an argument of @type; what has no name in hexadecimal. */
void syscall_words(char type, uint64_t value, struct buf *out);

#endif /* EVENT_SYSCALL_WORDS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a probe finds its arguments. */
#ifndef RUNTIME_ARGUMENT_H
#define RUNTIME_ARGUMENT_H

#include <stdbool.h>

#include "runtime/points.h"

/*
 * The @n-th, from 1 on, of what a note says, such as "8@%r12 -4@112(%rsp) 1@$3": size, below 0
 * if signed, and operand.  False: there is none, or it is written in another way.
 */
bool argument_parse(const char *text, unsigned int n, struct argument *ret);

/* The @n-th integer argument where a function begins, of a C function or of a Go one. */
bool argument_of_call(bool is_go, unsigned int n, struct argument *ret);

#endif /* RUNTIME_ARGUMENT_H */

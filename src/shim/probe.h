/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the recorder looks in: functions that do nothing, which a uprobe on their first
 * instruction sees the arguments and the stack of.
 *
 * That is a nop of one byte, which the kernel need not step over.  One of five bytes it makes
 * a call of (Linux 6.18), to code that a child of a fork does not have: there it crashed.
 */
#ifndef SHIM_PROBE_H
#define SHIM_PROBE_H

#include <stddef.h>
#include <stdint.h>

void probe_alloc(void *pointer, size_t size, uint64_t weight) __asm__("sysprof_heap_alloc");
void probe_free(const void *pointer) __asm__("sysprof_heap_free");

#endif /* SHIM_PROBE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /tmp/perf-PID.map: lines of `START SIZE NAME`, hexadecimal, that a JIT appends
 * while it makes code.  Where entries overlap, the latest one holds: code was
 * moved or freed, and its place used again.
 */
#ifndef SYMBOL_JIT_MAP_H
#define SYMBOL_JIT_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Open the map of the running process @pid: under its own root and by the pid it
 * knows itself as, else on the host.  Only a regular file that belongs to the
 * process's user or root is taken.  Returns the descriptor, or -errno.
 */
int jit_map_open(pid_t pid);

struct jit_map;

/* Lines that do not fit the format are passed over. */
struct jit_map *jit_map_parse(const char *text, size_t size);

/* Of a huge file the latest entries are taken.  Returns 0 or -errno. */
int jit_map_read(int fd, struct jit_map **ret);
void jit_map_free(struct jit_map *map);

/* The name at @address, borrowed for the map's life, or NULL. */
const char *jit_map_find(const struct jit_map *map, uint64_t address);

size_t jit_map_n(const struct jit_map *map); /* entries */

#endif /* SYMBOL_JIT_MAP_H */

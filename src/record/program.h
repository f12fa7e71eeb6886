/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of a program that is named as for exec: by a path, or to be looked for in PATH. */
#ifndef RECORD_PROGRAM_H
#define RECORD_PROGRAM_H

/* A descriptor, and in @ret_path (owned; or NULL) where it was; or -errno. */
int program_open(const char *name, char **ret_path);

#endif /* RECORD_PROGRAM_H */

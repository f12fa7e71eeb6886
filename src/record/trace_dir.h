/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where tracefs is, for libtracefs to use: mounted for this process alone where it can
 * be, so that it need not be mounted anywhere and no mount is left behind or changed.
 */
#ifndef RECORD_TRACE_DIR_H
#define RECORD_TRACE_DIR_H

struct trace_dir {   /* { -1, -1 }: none */
	int fd;      /* of a mount of our own, or -1 */
	int lock_fd; /* while instances come and go, or -1 */
};

/* 0; -EACCES or -EPERM: not for this user; -ENODEV: this kernel has no tracefs. */
int trace_dir_open(struct trace_dir *ret);
void trace_dir_close(struct trace_dir *dir);

/*
 * Keep other recorders from removing and making instances, until unlocked.  Without a
 * place for the lock there is none.
 */
void trace_dir_lock(struct trace_dir *dir);
void trace_dir_unlock(struct trace_dir *dir);

/* The path of @name in it; free it. */
char *trace_dir_path(const struct trace_dir *dir, const char *name);

#endif /* RECORD_TRACE_DIR_H */

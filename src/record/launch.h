/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts a command that waits before its exec until it is told to go on. */
#ifndef RECORD_LAUNCH_H
#define RECORD_LAUNCH_H

#include <sys/types.h>

struct launch {
	pid_t pid;
	int go_fd;    /* write to it: go on */
	int error_fd; /* the errno of a failed exec, or end of file */
};

/* @environment: NAME=VALUE besides ours, ended by NULL; or NULL.  0 or -errno. */
int launch_prepare(char **argv, char **environment, struct launch *ret);

/* Let it exec.  0, or the -errno with which exec failed; the child is then reaped. */
int launch_go(struct launch *launch);

/* Not needed after all: end the child before its exec, and reap it. */
void launch_abandon(struct launch *launch);

#endif /* RECORD_LAUNCH_H */

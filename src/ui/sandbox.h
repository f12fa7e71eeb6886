/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process that talks to strangers may still ask of the kernel, once it has its sockets: it
 * reads files of /proc, and serves.  It starts nothing, connects to nobody, writes no file.
 */
#ifndef UI_SANDBOX_H
#define UI_SANDBOX_H

/* For good.  0 or -errno; wants no_new_privs, or CAP_SYS_ADMIN. */
int sandbox_enter(void);

#endif /* UI_SANDBOX_H */

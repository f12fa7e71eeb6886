/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling the service manager how it goes: sd_notify(3), without its library. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/*
 * Send @state ("READY=1") to the socket that NOTIFY_SOCKET names.  0 if it was sent, or if nobody
 * wants to know; or -errno.
 */
int notify_manager(const char *state);

#endif /* BASE_NOTIFY_H */

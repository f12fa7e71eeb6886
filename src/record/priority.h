/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder comes before what it records where the machine is overloaded: rings hold
 * some tens of milliseconds, and a recorder that waits for its turn longer loses records.
 * It takes no more time for that, only sooner; what it starts is not raised.
 */
#ifndef RECORD_PRIORITY_H
#define RECORD_PRIORITY_H

void priority_raise(void); /* where that is allowed */
void priority_restore(void);

#endif /* RECORD_PRIORITY_H */

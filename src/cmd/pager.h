/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is longer than a terminal goes through a pager, as git does it: SYSPROF_PAGER, else
 * PAGER, else less; none where that is "" or cat.  LESS is FRX unless it is set.
 */
#ifndef CMD_PAGER_H
#define CMD_PAGER_H

/*
 * If standard output is a terminal, everything written to it from here on goes through the
 * pager, for which the end of the program waits.  Ask for the terminal's width before.
 */
void pager_start(void);

#endif /* CMD_PAGER_H */

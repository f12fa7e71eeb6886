/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that an answer has found, for those after it: who answers is a fork, and what it learns
 * would go with it.
 */
#ifndef CMD_SERVE_NAMES_H
#define CMD_SERVE_NAMES_H

#include <stdbool.h>

#include "event/definer.h"
#include "event/dictionary.h"

/* Which frames have names by now, frame id at id.  Owned. */
bool *serve_names_known(const struct dictionary *dict);

/* Write the names of those that had none when @known was asked, to the file @fd. */
int serve_names_save(const struct dictionary *dict, const bool *known, int fd);

/*
 * Define what is in the file and @dict, the definer's mirror, has not.  0 or -errno; -EBADMSG of
 * what was not written so.
 */
int serve_names_load(int fd, const struct dictionary *dict, struct definer *definer);

#endif /* CMD_SERVE_NAMES_H */

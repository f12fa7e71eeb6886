/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A profile of before, to be subtracted from one of later: each is made by a fork of the same
 * recorder, whose ids, up to those that a fork gives out itself, mean the same in both.
 */
#ifndef CMD_SERVE_BASE_H
#define CMD_SERVE_BASE_H

#include "model/profile.h"

/* @n_stacks: how many had ids in the recorder.  0 or -errno of the file @fd. */
int serve_base_save(const struct profile *profile, uint32_t n_stacks, int fd);

/*
 * Take from @profile what is in the file: of all values, or of what was @allocated only.  What is
 * nothing then goes; what became less is negative.  0 or -errno; -EBADMSG of what was not
 * written so.
 */
int serve_base_subtract(struct profile *profile, uint32_t n_stacks, int fd, bool allocated);

#endif /* CMD_SERVE_BASE_H */

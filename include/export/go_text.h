/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Profiles as Go's runtime prints them: what /debug/pprof/NAME?debug=1 is, which `go tool
 * pprof` also reads, and ?debug=2, for people.
 */
#ifndef EXPORT_GO_TEXT_H
#define EXPORT_GO_TEXT_H

#include <stdio.h>

#include "model/profile.h"

/* 0 or -errno, both. */
int go_text(const struct profile *profile, FILE *out);
int go_stacks(const struct profile *profile, FILE *out);

#endif /* EXPORT_GO_TEXT_H */

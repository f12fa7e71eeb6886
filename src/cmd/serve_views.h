/* SPDX-License-Identifier: GPL-2.0-only */
/* What people look at rather than `go tool pprof`, of the recording that is standard input. */
#ifndef CMD_SERVE_VIEWS_H
#define CMD_SERVE_VIEWS_H

#include <stdio.h>

#include "analysis/analysis.h"
#include "model/diff.h"
#include "ui/serve.h"

/* The tables of @analysis, as text or JSON.  0, or -errno having said why. */
int views_table(const struct analysis *analysis, struct filter *filter, bool is_json, FILE *out);

/* What @analysis tells of two stretches of time, each within its filter, as @request has it. */
int views_comparison(const struct analysis *analysis, struct filter filters[DIFF_N_SIDES],
		     const struct serve_request *request, FILE *out);

#endif /* CMD_SERVE_VIEWS_H */

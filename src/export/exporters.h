/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporters by name: one file each. */
#ifndef EXPORT_EXPORTERS_H
#define EXPORT_EXPORTERS_H

#include "export/exporter.h"

int export_pprof(const struct profile *profile, const struct export_options *options, FILE *out);
int export_folded(const struct profile *profile, const struct export_options *options, FILE *out);
int export_svg(const struct profile *profile, const struct export_options *options, FILE *out);
int export_dot(const struct profile *profile, const struct export_options *options, FILE *out);
int export_speedscope(const struct profile *profile, const struct export_options *options,
		      FILE *out);

struct timeline_sink *perfetto_timeline(const struct timeline_source *source, FILE *out);
struct timeline_sink *speedscope_timeline(const struct timeline_source *source, FILE *out);
struct timeline_sink *chrome_timeline(const struct timeline_source *source, FILE *out);
struct timeline_sink *html_timeline(const struct timeline_source *source, FILE *out);

#endif /* EXPORT_EXPORTERS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/exporter.h"

#include <string.h>

#include "exporters.h"

/* What most are not: made by another program. */
#define DIRECT             \
	{                  \
		NULL, NULL \
	}

const struct exporter exporters[] = {
	{ "pprof", ".pb.gz", "for go tool pprof, Pyroscope, Parca, speedscope", true, export_pprof,
	  NULL, DIRECT },
	{ "folded", ".folded", "one line a stack, for flame graph tools", false, export_folded,
	  NULL, DIRECT },
	{ "chrome", ".json", "the timeline, for Perfetto, speedscope, the Firefox Profiler", false,
	  NULL, chrome_timeline, DIRECT },
	{ "pftrace", ".pftrace", "the timeline in Perfetto's own format, smaller", true, NULL,
	  perfetto_timeline, DIRECT },
	{ "html", ".html", "the timeline as a page for any browser, in one file", false, NULL,
	  html_timeline, DIRECT },
	{ "svg", ".svg", "a flame graph as a picture, which a browser lets zoom and search", false,
	  export_svg, NULL, DIRECT },
	{ "dot", ".dot", "a graph of who calls whom, for Graphviz", false, export_dot, NULL,
	  DIRECT },
	{ "pdf",
	  ".pdf",
	  "the same, drawn by Graphviz if it is installed",
	  true,
	  export_dot,
	  NULL,
	  { "dot", "-Tpdf" } },
	{ "png", ".png", "the same as pixels", true, export_dot, NULL, { "dot", "-Tpng" } },
	{ "speedscope", ".speedscope.json", "CPU samples by thread and time, for speedscope", false,
	  export_speedscope, speedscope_timeline, DIRECT },
	{ 0 },
};

const struct exporter *exporter_find(const char *name)
{
	const struct exporter *e;

	for (e = exporters; e->name; e++) {
		if (!strcmp(e->name, name))
			return e;
	}
	return NULL;
}

const struct exporter *exporter_for_path(const char *path)
{
	const struct exporter *e, *best = NULL;
	size_t size = strlen(path);

	for (e = exporters; e->name; e++) {
		size_t n = strlen(e->suffix);

		if (n < size && !strcmp(path + size - n, e->suffix) &&
		    (!best || n > strlen(best->suffix)))
			best = e;
	}
	return best;
}

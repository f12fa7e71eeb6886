/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/exporter.h"

#include <string.h>

#include "exporters.h"

const struct exporter exporters[] = {
	{ "pprof", ".pb.gz", "for go tool pprof, Pyroscope, Parca, speedscope", true, export_pprof,
	  NULL },
	{ "folded", ".folded", "one line a stack, for flame graph tools", false, export_folded,
	  NULL },
	{ "chrome", ".json", "the timeline, for Perfetto, speedscope, the Firefox Profiler", false,
	  NULL, chrome_timeline },
	{ "pftrace", ".pftrace", "the timeline in Perfetto's own format, smaller", true, NULL,
	  perfetto_timeline },
	{ "html", ".html", "the timeline as a page for any browser, in one file", false, NULL,
	  html_timeline },
	{ "svg", ".svg", "a flame graph as a picture, which a browser lets zoom and search", false,
	  export_svg, NULL },
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

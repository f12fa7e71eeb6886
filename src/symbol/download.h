/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Downloads of debug files by libdwfl (debuginfod): progress is told, and one that
 * takes too long is given up.
 */
#ifndef SYMBOL_DOWNLOAD_H
#define SYMBOL_DOWNLOAD_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

#include "symbol/symbolizer.h"

struct download {
	const struct symbolizer_options *options;
	uint64_t deadline_ns;
};

/* Watch over what @dwfl downloads from now on; @download must stand as long. */
void download_watch(struct download *download, Dwfl *dwfl,
		    const struct symbolizer_options *options);

#endif /* SYMBOL_DOWNLOAD_H */

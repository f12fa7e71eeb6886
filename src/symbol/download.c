/* SPDX-License-Identifier: GPL-2.0-only */
#include "download.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/clock.h"

#define DEFAULT_SECONDS 60
#define NS_PER_SECOND   1000000000ull

/* The parts of libdebuginfod's interface that are used; libdwfl has it loaded, or there is none. */
typedef int (*progress_fn)(debuginfod_client *client, long done, long total);
typedef void (*set_progress_fn)(debuginfod_client *client, progress_fn fn);
typedef void (*set_data_fn)(debuginfod_client *client, void *data);
typedef void *(*get_data_fn)(debuginfod_client *client);

static void *library_symbol(const char *name)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_NOLOAD);

	return library ? dlsym(library, name) : NULL;
}

static int progress(debuginfod_client *client, long done, long total)
{
	get_data_fn get_data = (get_data_fn)library_symbol("debuginfod_get_user_data");
	struct download *download = get_data ? get_data(client) : NULL;

	if (!download)
		return 0;
	if (download->options->download &&
	    download->options->download(download->options->arg, done, total))
		return 1;
	return clock_ns(CLOCK_MONOTONIC) > download->deadline_ns;
}

void download_watch(struct download *download, Dwfl *dwfl, const struct symbolizer_options *options)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	debuginfod_client *client = urls && *urls ? dwfl_get_debuginfod_client(dwfl) : NULL;
	set_progress_fn set_progress = (set_progress_fn)library_symbol("debuginfod_set_progressfn");
	set_data_fn set_data = (set_data_fn)library_symbol("debuginfod_set_user_data");
	uint32_t seconds = options->download_seconds ? options->download_seconds : DEFAULT_SECONDS;

	download->options = options;
	download->deadline_ns = clock_ns(CLOCK_MONOTONIC) + seconds * NS_PER_SECOND;
	if (!client || !set_progress || !set_data)
		return;
	set_data(client, download);
	set_progress(client, progress);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: dlopener PLUGIN-A PLUGIN-B [SECONDS]
 * Loads, uses and unloads two plugins in turn, ten times over, so that their code comes
 * and goes, often at the same addresses.  Truth: host_burn, plugin_a_burn and
 * plugin_b_burn take a third each.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "burn.h"

static NOINLINE void host_burn(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

static NOINLINE int use_plugin(const char *path, uint64_t ns)
{
	void *plugin = dlopen(path, RTLD_NOW);
	void (*run)(uint64_t ns);

	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	run = (void (*)(uint64_t))dlsym(plugin, "plugin_run");
	run(ns);
	return dlclose(plugin);
}

int main(int argc, char **argv)
{
	uint64_t ns = seconds_arg(argc, argv, 3) / 30;

	if (argc < 3)
		return 2;
	for (int i = 0; i < 10; i++) {
		host_burn(ns);
		if (use_plugin(argv[1], ns) || use_plugin(argv[2], ns))
			return 1;
	}
	return 0;
}

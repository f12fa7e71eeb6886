/* SPDX-License-Identifier: GPL-2.0-only */
/* The plugins of dlopener.c; BURN names the function. */
#include "burn.h"

void plugin_run(uint64_t ns);

static NOINLINE void BURN(uint64_t ns)
{
	burn_ns(ns);
	NO_TAIL_CALL();
}

void plugin_run(uint64_t ns)
{
	BURN(ns);
	NO_TAIL_CALL();
}

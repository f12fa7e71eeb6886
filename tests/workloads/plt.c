/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: plt [SECONDS]
 * Calls a function of a shared library that does next to nothing, through the PLT, in a
 * tight loop.  A good part of the samples falls into the stub, where the stack pointer is
 * not what either function's own unwind rows say.  Truth: every user stack holds
 * plt_caller and main, and the innermost frame is plt_caller, tiny or the stub.
 */
#include "burn.h"

int tiny(int x);

static NOINLINE int plt_caller(uint64_t ns)
{
	int x = 0;

	for (uint64_t end = cpu_ns() + ns; cpu_ns() < end;) {
		for (int i = 0; i < 100000; i++)
			x = tiny(x);
	}
	return x;
}

int main(int argc, char **argv)
{
	return plt_caller(seconds_arg(argc, argv, 1)) == 7;
}

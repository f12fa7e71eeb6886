/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "symbol/symbolizer.h"

/*
 * The library refuses names over 1,024 bytes unless it may recurse without a
 * limit.  Names of real C++ are longer, so it may, but only in names up to this
 * size: the worst found of them make do with 2 MiB of stack and 20 ms.
 */
#define MANGLED_MAX 8192

struct output {
	struct buf *to;
	jmp_buf full;
};

static void take(const char *text, size_t size, void *arg)
{
	struct output *out = arg;

	/* Substitutions can double the output with every few bytes of the name. */
	if (size > SYMBOL_TEXT_MAX - out->to->size)
		longjmp(out->full, 1);
	buf_add(out->to, text, size);
}

static bool run(const char *name, struct buf *ret)
{
	const int flags = DMGL_ANSI | DMGL_NO_RECURSE_LIMIT;
	struct output out = { .to = ret };

	if (setjmp(out.full))
		return true; /* cut */
	if (name[0] == '_' && name[1] == 'R')
		return rust_demangle_callback(name, DMGL_RUST, take, &out);
	if (rust_demangle_callback(name, DMGL_RUST, take, &out))
		return true;
	buf_clear(ret);
	return cplus_demangle_v3_callback(name, flags, take, &out);
}

bool demangle(const char *name, struct buf *ret)
{
	buf_clear(ret);
	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R' && name[1] != '_') ||
	    strnlen(name, MANGLED_MAX + 1) > MANGLED_MAX)
		return false;
	if (run(name, ret) && ret->size)
		return true;
	buf_clear(ret);
	return false;
}

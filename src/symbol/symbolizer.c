/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/symbolizer.h"

#include <errno.h>

#include "base/mem.h"
#include "elf_names.h"
#include "proc/kallsyms.h"
#include "symbol/jit_map.h"

struct symbolizer {
	struct symbolizer_options options;
	struct kallsyms *kallsyms; /* read once: the kernel's modules share it */
	struct elf_names *elf;     /* of the module that is open, as is jit */
	struct jit_map *jit;
	bool is_kernel;
	struct symbol_name levels[SYMBOL_LEVELS_MAX];
};

struct symbolizer *symbolizer_new(const struct symbolizer_options *options)
{
	struct symbolizer *s = xcalloc(1, sizeof(*s));

	s->options = *options;
	return s;
}

static void close_module(struct symbolizer *s)
{
	elf_names_free(s->elf);
	jit_map_free(s->jit);
	s->elf = NULL;
	s->jit = NULL;
	s->is_kernel = false;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	close_module(s);
	kallsyms_free(s->kallsyms);
	free(s);
}

static int open_kernel(struct symbolizer *s, int fd)
{
	int r = s->kallsyms ? 0 : fd < 0 ? -ENOENT : kallsyms_read(fd, &s->kallsyms);

	if (r)
		return r;
	s->is_kernel = true;
	return kallsyms_n(s->kallsyms) ? 0 : -ENODATA;
}

int symbolizer_open(struct symbolizer *s, const struct symbol_module *module)
{
	close_module(s);
	switch (module->kind) {
	case MODULE_ELF:
	case MODULE_VDSO:
		return elf_names_open(module, &s->options, &s->elf);
	case MODULE_KERNEL:
		return open_kernel(s, module->fd);
	case MODULE_JIT:
		return module->fd < 0 ? -ENOENT : jit_map_read(module->fd, &s->jit);
	default:
		return -ENODATA;
	}
}

size_t symbolizer_find(struct symbolizer *s, uint64_t address, const struct symbol_name **ret)
{
	struct kallsyms_symbol symbol;
	const char *name = NULL;

	*ret = s->levels;
	if (s->elf)
		return elf_names_find(s->elf, address, s->levels);
	if (s->is_kernel && !kallsyms_find(s->kallsyms, address, &symbol))
		name = symbol.name;
	else if (s->jit)
		name = jit_map_find(s->jit, address);
	s->levels[0] = (struct symbol_name){ .function = name };
	return name != NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/symbolizer.h"

#include <errno.h>

#include "base/mem.h"
#include "elf_names.h"
#include "proc/kallsyms.h"
#include "symbol/jit_map.h"

struct symbolizer {
	struct symbolizer_options options;
	struct elf_names *elf; /* of the module that is open, one of these */
	struct kallsyms *kallsyms;
	bool is_data; /* kallsyms is asked for that, not for code */
	struct jit_map *jit;
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
	kallsyms_free(s->kallsyms);
	jit_map_free(s->jit);
	s->elf = NULL;
	s->kallsyms = NULL;
	s->jit = NULL;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	close_module(s);
	free(s);
}

static int open_kernel(struct symbolizer *s, const struct symbol_module *module)
{
	int r = module->fd < 0 ? -ENOENT :
				 kallsyms_read(module->fd, module->addresses, module->n_addresses,
					       &s->kallsyms);

	s->is_data = !strcmp(module->path, MODULE_KERNEL_DATA);
	if (r)
		return r;
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
		return open_kernel(s, module);
	case MODULE_JIT:
		return module->fd < 0 ? -ENOENT : jit_map_read(module->fd, &s->jit);
	default:
		return -ENODATA;
	}
}

static int find_in_kernel(struct symbolizer *s, uint64_t address, struct kallsyms_symbol *ret)
{
	return s->is_data ? kallsyms_find_data(s->kallsyms, address, ret) :
			    kallsyms_find(s->kallsyms, address, ret);
}

size_t symbolizer_find(struct symbolizer *s, uint64_t address, const struct symbol_name **ret)
{
	struct kallsyms_symbol symbol;
	const char *name = NULL;

	*ret = s->levels;
	if (s->elf)
		return elf_names_find(s->elf, address, s->levels);
	if (s->kallsyms && !find_in_kernel(s, address, &symbol))
		name = symbol.name;
	else if (s->jit)
		name = jit_map_find(s->jit, address);
	s->levels[0] = (struct symbol_name){ .function = name };
	return name != NULL;
}

bool symbolizer_find_pointer(struct symbolizer *s, uint64_t address,
			     const struct event_pointer *pointer, struct buf *out,
			     uint64_t *ret_rank)
{
	return s->elf && elf_names_find_pointer(s->elf, address, pointer, out, ret_rank);
}

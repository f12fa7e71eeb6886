/* SPDX-License-Identifier: GPL-2.0-only */
#include "slots.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ul

struct module {
	uintptr_t base, start, end;
	uintptr_t relro_start, relro_end; /* whole pages, read-only since it was loaded */
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash; /* DT_GNU_HASH */
	const Elf64_Rela *data, *calls;
	size_t n_data, n_calls;
};

/* The dynamic linker has added the base, but not in what it does not write to. */
static const void *pointer(const struct module *module, uint64_t value)
{
	return (const void *)(value < module->base ? module->base + value : value); // NOLINT
}

static void read_dynamic(struct module *module, const Elf64_Dyn *dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		uint64_t value = dynamic->d_un.d_val;

		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			module->symbols = pointer(module, value);
			break;
		case DT_STRTAB:
			module->strings = pointer(module, value);
			break;
		case DT_GNU_HASH:
			module->hash = pointer(module, value);
			break;
		case DT_RELA:
			module->data = pointer(module, value);
			break;
		case DT_RELASZ:
			module->n_data = value / sizeof(Elf64_Rela);
			break;
		case DT_JMPREL:
			module->calls = pointer(module, value);
			break;
		case DT_PLTRELSZ:
			module->n_calls = value / sizeof(Elf64_Rela);
			break;
		}
	}
	module->n_data = module->data ? module->n_data : 0;
	module->n_calls = module->calls ? module->n_calls : 0;
}

/* False: it is nothing that calls others. */
static bool read_module(const struct dl_phdr_info *info, struct module *ret)
{
	const Elf64_Dyn *dynamic = NULL;

	*ret = (struct module){ .base = info->dlpi_addr, .start = UINTPTR_MAX };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr, end = start + ph->p_memsz;

		if (ph->p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)start; // NOLINT
		if (ph->p_type == PT_GNU_RELRO) {
			ret->relro_start = start & ~(PAGE - 1);
			ret->relro_end = end & ~(PAGE - 1);
		}
		if (ph->p_type == PT_LOAD && start < ret->start)
			ret->start = start;
		if (ph->p_type == PT_LOAD && end > ret->end)
			ret->end = end;
	}
	if (!dynamic)
		return false;
	read_dynamic(ret, dynamic);
	return ret->symbols && ret->strings;
}

static bool is_in(const struct module *module, const void *address)
{
	return (uintptr_t)address - module->start < module->end - module->start;
}

/* This library, and the dynamic linker, whose memory is its own. */
static bool is_apart(const struct module *module)
{
	return is_in(module, (const void *)is_apart) || module->base == getauxval(AT_BASE);
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return hash;
}

static bool is_defined(const struct module *module, uint32_t index, const char *name)
{
	const Elf64_Sym *symbol = &module->symbols[index];

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
	       !strcmp(module->strings + symbol->st_name, name);
}

/* Header: buckets, first symbol, words of a filter; then filter, buckets, and hashes in chains. */
static void *definition(const struct module *module, const char *name)
{
	const uint32_t *hash = module->hash, *buckets, *chains;
	uint32_t wanted = gnu_hash(name), i;

	if (!hash || !hash[0])
		return NULL;
	buckets = hash + 4 + 2 * hash[2];
	chains = buckets + hash[0];
	i = buckets[wanted % hash[0]];
	for (; i >= hash[1]; i++) {
		if ((chains[i - hash[1]] | 1) == (wanted | 1) && is_defined(module, i, name))
			return (void *)(module->base + module->symbols[i].st_value); // NOLINT
		if (chains[i - hash[1]] & 1)
			break;
	}
	return NULL;
}

struct search {
	const struct slots_hook *hooks;
	size_t n;
	uint64_t found; /* bit for bit of hooks */
};

static int find_in(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	struct module module;

	(void)size;
	if (!read_module(info, &module) || is_apart(&module))
		return 0;
	for (size_t i = 0; i < search->n; i++) {
		void *function;

		if (search->found >> i & 1)
			continue;
		function = definition(&module, search->hooks[i].name);
		if (!function)
			continue;
		__atomic_store_n(search->hooks[i].real, function, __ATOMIC_RELEASE);
		search->found |= 1ull << i;
	}
	return 0;
}

bool slots_find(const struct slots_hook *hooks, size_t n)
{
	struct search search = { hooks, n, 0 };

	dl_iterate_phdr(find_in, &search);
	return (search.found & 3) == 3;
}

struct swap {
	const struct slots_hook *hooks;
	size_t n;
	bool to_hooks;
	unsigned int n_done;
};

static bool protect(void **slot, int protection)
{
	return !syscall(SYS_mprotect, (uintptr_t)slot & ~(PAGE - 1), PAGE, protection);
}

static bool write_slot(const struct module *module, void **slot, void *old, void *value)
{
	uintptr_t page = (uintptr_t)slot & ~(PAGE - 1);
	bool is_read_only = page - module->relro_start < module->relro_end - module->relro_start;
	bool is_done;

	if (is_read_only && !protect(slot, PROT_READ | PROT_WRITE))
		return false;
	is_done = __atomic_compare_exchange_n(slot, &old, value, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED);
	if (is_read_only)
		protect(slot, PROT_READ);
	return is_done;
}

/*
 * Before the first call, a slot leads back into its module's own stubs.  Where a module has
 * a function of that name itself, which is not the real one, it may mean its own.
 */
static bool is_lazy(const struct module *module, const Elf64_Rela *rela, const void *value,
		    const void *real)
{
	const Elf64_Sym *symbol = &module->symbols[ELF64_R_SYM(rela->r_info)];

	return ELF64_R_TYPE(rela->r_info) == R_X86_64_JUMP_SLOT && is_in(module, value) &&
	       (symbol->st_shndx == SHN_UNDEF ||
		module->base + symbol->st_value == (uintptr_t)real);
}

static void swap_slot(struct swap *swap, const struct module *module, const Elf64_Rela *rela,
		      const struct slots_hook *hook)
{
	void **slot = (void **)(module->base + rela->r_offset); // NOLINT
	void *real = __atomic_load_n(hook->real, __ATOMIC_RELAXED), *value;

	if (!real || (uintptr_t)slot % sizeof(*slot))
		return;
	value = __atomic_load_n(slot, __ATOMIC_RELAXED);
	if (swap->to_hooks && (value == real || is_lazy(module, rela, value, real)))
		swap->n_done += write_slot(module, slot, value, hook->hook);
	else if (!swap->to_hooks && value == hook->hook)
		swap->n_done += write_slot(module, slot, value, real);
}

static void swap_relocations(struct swap *swap, const struct module *module, const Elf64_Rela *rela,
			     size_t n)
{
	for (; n--; rela++) {
		uint64_t type = ELF64_R_TYPE(rela->r_info);
		const char *name;

		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT &&
		    (type != R_X86_64_64 || rela->r_addend))
			continue;
		name = module->strings + module->symbols[ELF64_R_SYM(rela->r_info)].st_name;
		for (size_t i = 0; i < swap->n; i++) {
			if (!strcmp(name, swap->hooks[i].name))
				swap_slot(swap, module, rela, &swap->hooks[i]);
		}
	}
}

static int swap_in(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct module module;

	(void)size;
	if (!read_module(info, &module) || is_apart(&module))
		return 0;
	swap_relocations(arg, &module, module.data, module.n_data);
	swap_relocations(arg, &module, module.calls, module.n_calls);
	return 0;
}

unsigned int slots_swap(const struct slots_hook *hooks, size_t n, bool to_hooks)
{
	struct swap swap = { hooks, n, to_hooks, 0 };

	dl_iterate_phdr(swap_in, &swap);
	return swap.n_done;
}

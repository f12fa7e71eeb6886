/* SPDX-License-Identifier: GPL-2.0-only */
#include "symtab.h"

#include <gelf.h>
#include <string.h>

#include "plt.h"

#define SYMBOLS_MAX  (16 << 20)
#define SIZELESS_MAX (64u << 10) /* how far one without a size may reach */
#define SIZED        (1ull << 63)

enum rank { /* bits, most significant first */
	    RANK_SIZED = 8,
	    RANK_FUNCTION = 4, /* not NOTYPE */
	    RANK_VISIBLE = 2,  /* not local */
};

static void add_code(struct symtab *t, uint64_t start, uint64_t size)
{
	if (start + size >= start)
		spans_add(&t->code,
			  &(struct span){ start, start + size, 0, (uint32_t)t->code.list.n + 1 });
}

/* Without section headers the executable segments have to do. */
static void find_code(struct symtab *t, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Phdr phdr;
	size_t n = 0;

	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, &shdr) && shdr.sh_flags & SHF_EXECINSTR &&
		    shdr.sh_flags & SHF_ALLOC)
			add_code(t, shdr.sh_addr, shdr.sh_size);
	}
	if (!t->code.list.n && !elf_getphdrnum(elf, &n)) {
		for (size_t i = 0; i < n; i++) {
			if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
			    phdr.p_flags & PF_X)
				add_code(t, phdr.p_vaddr, phdr.p_memsz);
		}
	}
	spans_flatten(&t->code);
}

/* $x, $d.1 and the like tell code from data on ARM and RISC-V: they name nothing. */
static bool is_mapping_symbol(const char *name)
{
	return name[0] == '$' && strchr("adtx", name[1]) && (!name[2] || name[2] == '.');
}

static bool is_function(const GElf_Sym *sym, const char *name)
{
	switch (GELF_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return sym->st_shndx != SHN_UNDEF;
	case STT_NOTYPE:
		return sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS &&
		       !is_mapping_symbol(name);
	default:
		return false;
	}
}

static uint8_t rank_of(const GElf_Sym *sym)
{
	uint8_t rank = sym->st_size ? RANK_SIZED : 0;

	if (GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		rank |= RANK_FUNCTION;
	if (GELF_ST_BIND(sym->st_info) != STB_LOCAL)
		rank |= RANK_VISIBLE;
	if (GELF_ST_BIND(sym->st_info) == STB_GLOBAL)
		rank |= 1;
	return rank;
}

static void read_symbols(struct symtab *t, Dwfl_Module *module)
{
	GElf_Addr bias = 0;
	int n;

	dwfl_module_getelf(module, &bias);
	n = dwfl_module_getsymtab(module);
	for (int i = 1; i < n && i < SYMBOLS_MAX; i++) {
		GElf_Sym sym;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(module, i, &sym, &address, NULL, NULL, NULL);

		if (!name || !*name || !is_function(&sym, name) ||
		    !symtab_is_code(t, address - bias))
			continue;
		*array_add(&t->symbols) = (struct symbol){ .name = name,
							   .start = address - bias,
							   .size = sym.st_size,
							   .rank = rank_of(&sym) };
	}
}

/* By address; of those at one address the best comes first. */
static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	size_t m, n;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank >> 1 != y->rank >> 1)
		return x->rank > y->rank ? -1 : 1;
	m = strspn(x->name, "_");
	n = strspn(y->name, "_");
	if (m != n)
		return m < n ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	m = strcspn(x->name, "@"); /* a version does not count */
	n = strcspn(y->name, "@");
	if (m != n)
		return m < n ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void sort_symbols(struct symtab *t)
{
	size_t kept = 0;

	if (t->symbols.n)
		qsort(t->symbols.items, t->symbols.n, sizeof(*t->symbols.items), compare_symbols);
	for (size_t i = 0; i < t->symbols.n; i++) {
		if (!kept || t->symbols.items[kept - 1].start != t->symbols.items[i].start)
			t->symbols.items[kept++] = t->symbols.items[i];
	}
	t->symbols.n = kept;
}

static uint64_t end_without_size(const struct symtab *t, size_t i)
{
	uint64_t start = t->symbols.items[i].start, end = start + SIZELESS_MAX;
	const struct span *section = spans_find(&t->code, start);

	if (i + 1 < t->symbols.n && t->symbols.items[i + 1].start < end)
		end = t->symbols.items[i + 1].start;
	if (section && section->end < end)
		end = section->end;
	return end;
}

/* Any with a size ranks above those without; the later, and so the inner, above the earlier. */
static void make_spans(struct symtab *t)
{
	for (size_t i = 0; i < t->symbols.n; i++) {
		const struct symbol *symbol = &t->symbols.items[i];
		struct span span = { .start = symbol->start, .rank = i, .value = (uint32_t)i };

		if (symbol->size) {
			span.end = symbol->start + symbol->size;
			span.rank |= SIZED;
		}
		if (span.end <= span.start)
			span.end = end_without_size(t, i);
		spans_add(&t->spans, &span);
	}
	spans_flatten(&t->spans);
}

void symtab_init(struct symtab *t, Dwfl_Module *module)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);

	memset(t, 0, sizeof(*t));
	if (!elf)
		return;
	find_code(t, elf);
	read_symbols(t, module);
	plt_add_stubs(elf, t);
	sort_symbols(t);
	make_spans(t);
}

void symtab_release(struct symtab *t)
{
	char **name;

	array_for_each(name, &t->owned)
		free(*name);
	array_release(&t->owned);
	array_release(&t->symbols);
	spans_release(&t->code);
	spans_release(&t->spans);
}

const struct symbol *symtab_find(const struct symtab *t, uint64_t address)
{
	const struct span *span = spans_find(&t->spans, address);

	return span ? &t->symbols.items[span->value] : NULL;
}

bool symtab_is_code(const struct symtab *t, uint64_t address)
{
	return spans_find(&t->code, address);
}

void symtab_add_stub(struct symtab *t, uint64_t start, uint64_t size, const char *name)
{
	char *copy = xstrndup(name, 4096);

	*array_add(&t->owned) = copy;
	*array_add(&t->symbols) =
		(struct symbol){ .name = copy, .start = start, .size = size, .rank = RANK_SIZED };
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "plt.h"

#include <endian.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"

#define STUBS_MAX (1u << 20)

struct slots { /* of the global offset table */
	Elf *elf;
	struct map names; /* address → const char * */
};

static const char *symbol_name(Elf *elf, Elf_Scn *symbols, size_t index)
{
	Elf_Data *data = elf_getdata(symbols, NULL);
	GElf_Shdr shdr;
	GElf_Sym sym;

	if (!index || !data || !gelf_getshdr(symbols, &shdr) ||
	    !gelf_getsym(data, (int)index, &sym))
		return NULL;
	return elf_strptr(elf, shdr.sh_link, sym.st_name);
}

static void read_relocations(struct slots *slots, Elf_Scn *section, const GElf_Shdr *shdr)
{
	Elf_Scn *symbols = elf_getscn(slots->elf, shdr->sh_link);
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Rela rela;

	if (!symbols || !data)
		return;
	for (int i = 0; slots->names.n < STUBS_MAX && gelf_getrela(data, i, &rela); i++) {
		const char *name = symbol_name(slots->elf, symbols, GELF_R_SYM(rela.r_info));

		if (name && *name)
			*map_insert(&slots->names, rela.r_offset) = (uintptr_t)name;
	}
}

/* A reader of one stub: the slot it goes through; *ret_size is what it took.  0: no stub. */
typedef uint64_t (*stub_reader)(const unsigned char *at, size_t size, uint64_t address,
				size_t *ret_size);

static uint32_t read_u32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

/* [endbr64] [bnd] jmp *slot(%rip); the rest of 16 or 8 bytes is padding or the lazy path. */
static uint64_t read_x86_64(const unsigned char *at, size_t size, uint64_t address,
			    size_t *ret_size)
{
	size_t i = 0;

	if (size < 8)
		return 0;
	if (size >= 16 && !memcmp(at, "\xf3\x0f\x1e\xfa", 4))
		i = 4;
	if (at[i] == 0xf2)
		i++;
	if (i + 6 > size || at[i] != 0xff || at[i + 1] != 0x25)
		return 0;
	*ret_size = 8;
	if (size >= 16 && (i || at[6] == 0x68)) /* push: the lazy path */
		*ret_size = 16;
	return address + i + 6 + (uint64_t)(int64_t)(int32_t)read_u32(at + i + 2);
}

/* [bti c] adrp x16, page; ldr x17, [x16, offset] */
static uint64_t read_aarch64(const unsigned char *at, size_t size, uint64_t address,
			     size_t *ret_size)
{
	size_t i = size >= 20 && read_u32(at) == 0xd503245f ? 4 : 0;
	uint32_t adrp, ldr;
	int64_t page;

	if (size < i + 16)
		return 0;
	adrp = read_u32(at + i);
	ldr = read_u32(at + i + 4);
	if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
		return 0;
	page = (int64_t)((adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3)) << 43 >> 31;
	*ret_size = i + 16;
	return ((address + i) & ~0xfffull) + (uint64_t)page + (ldr >> 10 & 0xfff) * 8;
}

static void read_stubs(const struct slots *slots, Elf_Scn *section, stub_reader reader,
		       struct symtab *symtab)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr shdr;
	size_t at = 0, step;
	char name[512];

	if (!data || !data->d_buf || !gelf_getshdr(section, &shdr))
		return;
	for (; data->d_size - at >= 8; at += step) {
		uint64_t address = shdr.sh_addr + at, slot, *found;

		step = 8;
		slot = reader((unsigned char *)data->d_buf + at, data->d_size - at, address, &step);
		found = slot ? map_find(&slots->names, slot) : NULL;
		if (!found)
			continue;
		snprintf(name, sizeof(name), "%s@plt", (const char *)(uintptr_t)*found);
		symtab_add_stub(symtab, address, step, name);
	}
}

static void each_section(struct slots *slots, stub_reader reader, struct symtab *symtab)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	size_t names;

	if (elf_getshdrstrndx(slots->elf, &names))
		return;
	while ((section = elf_nextscn(slots->elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &shdr))
			continue;
		name = elf_strptr(slots->elf, names, shdr.sh_name);
		if (!symtab && shdr.sh_type == SHT_RELA && shdr.sh_flags & SHF_ALLOC)
			read_relocations(slots, section, &shdr);
		if (symtab && name && !strncmp(name, ".plt", 4) && shdr.sh_type == SHT_PROGBITS &&
		    shdr.sh_flags & SHF_EXECINSTR)
			read_stubs(slots, section, reader, symtab);
	}
}

void plt_add_stubs(Elf *elf, struct symtab *symtab)
{
	struct slots slots = { .elf = elf };
	stub_reader reader = NULL;
	GElf_Ehdr ehdr;

	if (gelf_getehdr(elf, &ehdr) && ehdr.e_ident[EI_DATA] == ELFDATA2LSB)
		reader = ehdr.e_machine == EM_X86_64  ? read_x86_64 :
			 ehdr.e_machine == EM_AARCH64 ? read_aarch64 :
							NULL;
	if (!reader)
		return;
	each_section(&slots, reader, NULL);   /* first the relocations, */
	each_section(&slots, reader, symtab); /* then the stubs that need them */
	map_release(&slots.names);
}

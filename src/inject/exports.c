/* SPDX-License-Identifier: GPL-2.0-only */
#include "exports.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>

static Elf_Scn *next_of(Elf *elf, Elf_Scn *section, uint32_t type)
{
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) && header.sh_type == type)
			return section;
	}
	return NULL;
}

/* Of several versions of a symbol, the one that is linked against today. */
static bool is_default(Elf_Data *versions, int symbol)
{
	GElf_Versym version;

	return !versions || !gelf_getversym(versions, symbol, &version) || !(version & 0x8000);
}

static size_t find_in(Elf *elf, Elf_Scn *section, struct export *exports, size_t n)
{
	Elf_Scn *version_section = next_of(elf, NULL, SHT_GNU_versym);
	Elf_Data *versions = version_section ? elf_getdata(version_section, NULL) : NULL;
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr header;
	GElf_Sym symbol;
	size_t n_found = 0;

	if (!data || !gelf_getshdr(section, &header))
		return 0;
	for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		int type = GELF_ST_TYPE(symbol.st_info);

		if (symbol.st_shndx == SHN_UNDEF || !name || !symbol.st_value ||
		    (type != STT_FUNC && type != STT_OBJECT) || !is_default(versions, i))
			continue;
		for (size_t k = 0; k < n; k++) {
			if (exports[k].vaddr || strcmp(name, exports[k].name) != 0)
				continue;
			exports[k].vaddr = symbol.st_value;
			exports[k].size = symbol.st_size;
			exports[k].is_data = type == STT_OBJECT;
			n_found++;
		}
	}
	return n_found;
}

size_t exports_find(int fd, struct export *exports, size_t n)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = elf ? next_of(elf, NULL, SHT_DYNSYM) : NULL;
	size_t n_found = section ? find_in(elf, section, exports, n) : 0;

	elf_end(elf);
	return n_found;
}

int64_t exports_offset(int fd, uint64_t vaddr)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	int64_t offset = -ENOENT;
	GElf_Phdr ph;
	size_t n = 0;

	if (elf && elf_getphdrnum(elf, &n))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && vaddr >= ph.p_vaddr &&
		    vaddr - ph.p_vaddr < ph.p_filesz)
			offset = (int64_t)(ph.p_offset + (vaddr - ph.p_vaddr));
	}
	elf_end(elf);
	return offset;
}

bool exports_has_section(int fd, const char *name)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = NULL;
	bool has = false;
	GElf_Shdr header;
	size_t strings;

	if (elf && !elf_getshdrstrndx(elf, &strings)) {
		while (!has && (section = elf_nextscn(elf, section)) != NULL) {
			const char *is = gelf_getshdr(section, &header) ?
						 elf_strptr(elf, strings, header.sh_name) :
						 NULL;

			has = is && !strcmp(is, name);
		}
	}
	elf_end(elf);
	return has;
}

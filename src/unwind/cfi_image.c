/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi_image.h"

#include <errno.h>
#include <gelf.h>
#include <unistd.h>

#include "base/mem.h"

#define PADDING 1024 /* bytes of zeros behind each section */

static const struct {
	const char *name;
	const char *compressed; /* the GNU way, before sections had a flag for it */
	uint32_t name_at;       /* in the names below */
} sections[] = {
	[CFI_EH_FRAME] = { ".eh_frame", NULL, 1 },
	[CFI_DEBUG_FRAME] = { ".debug_frame", ".zdebug_frame", 11 },
};
static const char names[] = "\0.eh_frame\0.debug_frame\0.shstrtab";
#define SHSTRTAB_AT 24

enum { N_HEADERS = CFI_N_SECTIONS + 2 }; /* the empty one before, the names behind */

struct head {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdrs[N_HEADERS];
	char names[sizeof(names)];
};

static int load_section(Elf_Scn *scn, size_t max_size, struct cfi_piece *ret)
{
	GElf_Shdr sh;
	GElf_Chdr ch;
	Elf_Data *data;

	if (!gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS || !sh.sh_size)
		return -ENOEXEC;
	if (sh.sh_size > max_size)
		return -EFBIG;
	if (sh.sh_flags & SHF_COMPRESSED) {
		if (!gelf_getchdr(scn, &ch) || ch.ch_size > max_size)
			return -EFBIG;
		if (elf_compress(scn, 0, 0) < 0)
			return -ENOEXEC;
	}
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || data->d_size > max_size)
		return -ENOEXEC;
	*ret = (struct cfi_piece){ data->d_buf, data->d_size, sh.sh_addr };
	return 0;
}

/* ".zdebug_…": "ZLIB" and the size, big-endian, then the stream. */
static int load_gnu_compressed(Elf_Scn *scn, size_t max_size, struct cfi_piece *ret)
{
	struct cfi_piece raw;
	uint64_t size = 0;
	int r = load_section(scn, max_size, &raw);

	if (r)
		return r;
	if (raw.size < 12 || memcmp(raw.data, "ZLIB", 4) != 0)
		return -ENOEXEC;
	for (int i = 4; i < 12; i++)
		size = size << 8 | raw.data[i];
	if (size > max_size)
		return -EFBIG;
	return elf_compress_gnu(scn, 0, 0) < 0 ? -ENOEXEC : load_section(scn, max_size, ret);
}

static void load_if_wanted(Elf_Scn *scn, const char *name, const struct cfi_want *want,
			   struct cfi_piece *found)
{
	for (int i = want->first; i < CFI_N_SECTIONS; i++) {
		if (found[i].data)
			continue;
		if (!strcmp(name, sections[i].name))
			load_section(scn, want->max_size, &found[i]);
		else if (sections[i].compressed && !strcmp(name, sections[i].compressed))
			load_gnu_compressed(scn, want->max_size, &found[i]);
	}
}

/* A section that cannot be read is one the file does not have. */
static void find_sections(Elf *elf, const struct cfi_want *want, struct cfi_piece *found,
			  bool *ret_is_go)
{
	Elf_Scn *scn = NULL;
	size_t strings;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(elf, &strings) || !strings)
		return;
	while ((scn = elf_nextscn(elf, scn)) != NULL) {
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, strings, sh.sh_name) :
							    NULL;

		if (!name)
			continue;
		load_if_wanted(scn, name, want, found);
		*ret_is_go |= strstr(name, ".gopclntab") != NULL;
	}
}

static size_t round_up(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

static void write_head(struct head *head)
{
	*head = (struct head){
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shoff = offsetof(struct head, shdrs),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = N_HEADERS,
			.e_shstrndx = N_HEADERS - 1,
		},
		.shdrs[N_HEADERS - 1] = {
			.sh_name = SHSTRTAB_AT,
			.sh_type = SHT_STRTAB,
			.sh_offset = offsetof(struct head, names),
			.sh_size = sizeof(names),
			.sh_addralign = 1,
		},
	};
	memcpy(head->names, names, sizeof(names));
}

void cfi_image_make(const struct cfi_piece pieces[CFI_N_SECTIONS], struct cfi_image *ret)
{
	struct cfi_image image = { .size = round_up(sizeof(struct head)) };
	size_t at = image.size;
	struct head *head;

	for (int i = 0; i < CFI_N_SECTIONS; i++)
		image.size += pieces[i].data ? round_up(pieces[i].size) + PADDING : 0;
	image.data = xcalloc(1, image.size);
	head = (struct head *)image.data;
	write_head(head);
	for (int i = 0; i < CFI_N_SECTIONS; i++) {
		const struct cfi_piece *piece = &pieces[i];

		if (!piece->data)
			continue;
		memcpy(image.data + at, piece->data, piece->size);
		image.pieces[i] = (struct cfi_piece){ image.data + at, piece->size, piece->vaddr };
		head->shdrs[1 + i] = (Elf64_Shdr){
			.sh_name = sections[i].name_at,
			.sh_type = SHT_PROGBITS,
			.sh_addr = piece->vaddr,
			.sh_offset = at,
			.sh_size = piece->size,
			.sh_addralign = 1,
		};
		at += round_up(piece->size) + PADDING;
	}
	*ret = image;
}

void cfi_image_drop(struct cfi_image *image, enum cfi_section section)
{
	image->pieces[section] = (struct cfi_piece){ 0 };
	((struct head *)image->data)->shdrs[1 + section] = (Elf64_Shdr){ 0 };
}

bool cfi_image_is_native(const Elf64_Ehdr *ehdr)
{
	return !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) && ehdr->e_ident[EI_CLASS] == ELFCLASS64 &&
	       ehdr->e_ident[EI_DATA] == ELFDATA2LSB && ehdr->e_machine == EM_X86_64;
}

/*
 * libelf makes a struct for each section header before anybody can ask how many:
 * more than 65535 is only found in files that lie.
 */
static bool has_sane_header(const struct module *module)
{
	Elf64_Ehdr ehdr;

	if (module->image)
		return true;
	return pread(module->fd, &ehdr, sizeof(ehdr), 0) == sizeof(ehdr) &&
	       (ehdr.e_shnum || !ehdr.e_shoff);
}

/* A copy: where a file lies in another one, libelf's pointer may be to any address. */
static bool is_native(Elf *elf)
{
	GElf_Ehdr ehdr;

	return gelf_getehdr(elf, &ehdr) && cfi_image_is_native(&ehdr);
}

int cfi_image_read(const struct module *module, const struct cfi_want *want, struct cfi_image *ret)
{
	struct cfi_piece found[CFI_N_SECTIONS] = { 0 };
	bool is_go = false;
	Elf *elf;
	int r = -ENOEXEC;

	if (!has_sane_header(module))
		return r;
	elf = module->image ? elf_memory((char *)(uintptr_t)module->image, module->image_size) :
			      elf_begin(module->fd, ELF_C_READ, NULL);
	if (is_native(elf)) {
		find_sections(elf, want, found, &is_go);
		cfi_image_make(found, ret);
		ret->is_go = is_go;
		r = 0;
	}
	elf_end(elf);
	return r;
}

void cfi_image_release(struct cfi_image *image)
{
	free(image->data);
	*image = (struct cfi_image){ 0 };
}

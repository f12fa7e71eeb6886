/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi_image.h"

#include <errno.h>
#include <gelf.h>
#include <unistd.h>

#include "base/mem.h"

#define PADDING      1024 /* bytes of zeros behind each section */
#define MAX_SEGMENTS 256  /* a file that claims more lies */

static const struct {
	const char *name;
	const char *compressed; /* the GNU way, before sections had a flag for it */
	uint32_t name_at;       /* in the names below */
} sections[] = {
	[CFI_EH_FRAME] = { ".eh_frame", NULL, 1 },
	[CFI_EH_FRAME_HDR] = { ".eh_frame_hdr", NULL, 11 },
	[CFI_DEBUG_FRAME] = { ".debug_frame", ".zdebug_frame", 25 },
};
static const char names[] = "\0.eh_frame\0.eh_frame_hdr\0.debug_frame\0.shstrtab";
#define SHSTRTAB_AT 38

enum { N_HEADERS = CFI_N_SECTIONS + 2 }; /* the empty one before, the names behind */

struct head {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdrs[N_HEADERS];
	char names[sizeof(names)];
};

/* What was found in the file, before it is put together. */
struct found {
	const unsigned char *data; /* borrowed from libelf */
	size_t size;
	uint64_t vaddr;
};

static int load_section(Elf_Scn *scn, size_t max_size, struct found *ret)
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
	*ret = (struct found){ data->d_buf, data->d_size, sh.sh_addr };
	return 0;
}

/* ".zdebug_…": "ZLIB" and the size, big-endian, then the stream. */
static int load_gnu_compressed(Elf_Scn *scn, size_t max_size, struct found *ret)
{
	struct found raw;
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

static void load_if_named(Elf_Scn *scn, const char *name, size_t max_size, struct found *found)
{
	for (int i = 0; i < CFI_N_SECTIONS; i++) {
		if (found[i].data)
			continue;
		if (!strcmp(name, sections[i].name))
			load_section(scn, max_size, &found[i]);
		else if (sections[i].compressed && !strcmp(name, sections[i].compressed))
			load_gnu_compressed(scn, max_size, &found[i]);
	}
}

/* A section that cannot be read is one the file does not have. */
static void find_by_section(Elf *elf, size_t max_size, struct found *found, bool *ret_is_go)
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
		load_if_named(scn, name, max_size, found);
		*ret_is_go |= strstr(name, ".gopclntab") != NULL;
	}
}

static int load_chunk(Elf *elf, uint64_t offset, uint64_t size, struct found *ret)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)offset, size, ELF_T_BYTE);

	if (!data || !data->d_buf)
		return -ENOEXEC;
	ret->data = data->d_buf;
	ret->size = size;
	return 0;
}

/* Where the zero word is that ends an .eh_frame. */
static size_t find_end(const unsigned char *data, size_t size)
{
	size_t at = 0;
	uint32_t length;

	while (size - at >= 4) {
		memcpy(&length, data + at, sizeof(length));
		if (!length || length > size - at - 4)
			return at;
		at += 4 + (size_t)length;
	}
	return at;
}

/* The segment that holds .eh_frame says where it must end; a zero word says where it does. */
static int load_eh_frame_at(Elf *elf, uint64_t vaddr, size_t max_size, struct found *ret)
{
	size_t n, size;
	GElf_Phdr ph;
	int r;

	if (elf_getphdrnum(elf, &n) || n > MAX_SEGMENTS)
		return -ENOEXEC;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
		    vaddr - ph.p_vaddr >= ph.p_filesz)
			continue;
		size = ph.p_filesz - (vaddr - ph.p_vaddr);
		if (size > max_size)
			return -EFBIG;
		r = load_chunk(elf, ph.p_offset + (vaddr - ph.p_vaddr), size, ret);
		if (r)
			return r;
		ret->vaddr = vaddr;
		ret->size = find_end(ret->data, size);
		return 0;
	}
	return -ENOEXEC;
}

/* The header's first pointer, to .eh_frame: relative to itself, 32 bits, in every file met. */
static int load_by_header(Elf *elf, const GElf_Phdr *ph, size_t max_size, struct found *found)
{
	struct found *hdr = &found[CFI_EH_FRAME_HDR];
	int32_t pointer;
	int r;

	if (ph->p_filesz > max_size)
		return -EFBIG;
	r = load_chunk(elf, ph->p_offset, ph->p_filesz, hdr);
	if (r)
		return r;
	hdr->vaddr = ph->p_vaddr;
	if (hdr->size < 8 || hdr->data[1] != 0x1b)
		return -ENOEXEC;
	memcpy(&pointer, hdr->data + 4, sizeof(pointer));
	return load_eh_frame_at(elf, ph->p_vaddr + 4 + (uint64_t)(int64_t)pointer, max_size,
				&found[CFI_EH_FRAME]);
}

static int find_by_segment(Elf *elf, size_t max_size, struct found *found)
{
	size_t n;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &n) || n > MAX_SEGMENTS)
		return -ENOEXEC;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_GNU_EH_FRAME)
			return load_by_header(elf, &ph, max_size, found);
	return 0;
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

/* The search table must stand before what it points into is looked for: libdw takes the first. */
static const enum cfi_section order[] = { CFI_EH_FRAME_HDR, CFI_EH_FRAME, CFI_DEBUG_FRAME };

static void assemble(const struct found *found, struct cfi_image *image)
{
	struct head *head;
	size_t at = round_up(sizeof(*head));

	image->size = at;
	for (int i = 0; i < CFI_N_SECTIONS; i++)
		image->size += round_up(found[i].size) + PADDING;
	image->data = xcalloc(1, image->size);
	head = (struct head *)image->data;
	write_head(head);
	for (int i = 0; i < CFI_N_SECTIONS; i++) {
		const struct found *f = &found[order[i]];

		if (!f->data)
			continue;
		memcpy(image->data + at, f->data, f->size);
		image->pieces[order[i]] = (struct cfi_piece){ image->data + at, f->size, f->vaddr };
		head->shdrs[1 + i] = (Elf64_Shdr){
			.sh_name = sections[order[i]].name_at,
			.sh_type = SHT_PROGBITS,
			.sh_addr = f->vaddr,
			.sh_offset = at,
			.sh_size = f->size,
			.sh_addralign = 1,
		};
		at += round_up(f->size) + PADDING;
	}
}

void cfi_image_drop(struct cfi_image *image, enum cfi_section section)
{
	struct head *head = (struct head *)image->data;

	image->pieces[section] = (struct cfi_piece){ 0 };
	for (int i = 0; i < CFI_N_SECTIONS; i++)
		if (order[i] == section)
			head->shdrs[1 + i] = (Elf64_Shdr){ 0 };
}

static bool is_native(Elf *elf)
{
	GElf_Ehdr ehdr;

	return elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &ehdr) &&
	       ehdr.e_ident[EI_CLASS] == ELFCLASS64 && ehdr.e_ident[EI_DATA] == ELFDATA2LSB &&
	       ehdr.e_machine == EM_X86_64;
}

static int find(Elf *elf, size_t max_size, struct found *found, bool *ret_is_go)
{
	if (!is_native(elf))
		return -ENOEXEC;
	find_by_section(elf, max_size, found, ret_is_go);
	if (found[CFI_EH_FRAME].data || found[CFI_DEBUG_FRAME].data)
		return 0;
	return find_by_segment(elf, max_size, found);
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

int cfi_image_read(const struct module *module, size_t max_size, struct cfi_image *ret)
{
	struct found found[CFI_N_SECTIONS] = { 0 };
	struct cfi_image image = { 0 };
	Elf *elf;
	int r;

	if (!has_sane_header(module))
		return -ENOEXEC;
	elf = module->image ? elf_memory((char *)(uintptr_t)module->image, module->image_size) :
			      elf_begin(module->fd, ELF_C_READ, NULL);
	r = find(elf, max_size, found, &image.is_go);
	if (!r) {
		assemble(found, &image);
		*ret = image;
	}
	elf_end(elf);
	return r;
}

void cfi_image_release(struct cfi_image *image)
{
	free(image->data);
	*image = (struct cfi_image){ 0 };
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "image.h"

#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/gopclntab.h"

#define SYMBOLS_MAX   (16 << 20)
#define NOTE_PROBE    3 /* NT_STAPSDT */
#define NOTE_OWNER    "stapsdt"
#define VERSION_AT    33   /* in .go.buildinfo */
#define NO_SIZE_BYTES 4096 /* of a function whose symbol has no size */

int image_open(struct image *image, int fd)
{
	elf_version(EV_CURRENT);
	*image = (struct image){ .elf = elf_begin(fd, ELF_C_READ_MMAP, NULL) };
	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF ||
	    gelf_getclass(image->elf) != ELFCLASS64) {
		image_close(image);
		return -ENOEXEC;
	}
	image->go = gopclntab_new(image->elf);
	return 0;
}

void image_close(struct image *image)
{
	gopclntab_free(image->go);
	elf_end(image->elf);
	*image = (struct image){ 0 };
}

static const char *section_name(const struct image *image, const GElf_Shdr *shdr)
{
	size_t names;

	if (elf_getshdrstrndx(image->elf, &names))
		return NULL;
	return elf_strptr(image->elf, names, shdr->sh_name);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && !strcmp(text + n - m, suffix);
}

static Elf_Data *find_section(const struct image *image, const char *suffix, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(image->elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, ret))
			continue;
		name = section_name(image, ret);
		if (name && ends_with(name, suffix))
			return elf_getdata(section, NULL);
	}
	return NULL;
}

bool image_has_section(const struct image *image, const char *suffix)
{
	GElf_Shdr shdr;

	return find_section(image, suffix, &shdr);
}

static bool is_called(const char *name, const char *wanted)
{
	size_t n = strlen(wanted);

	if (n && wanted[n - 1] == '*')
		return !strncmp(name, wanted, n - 1);
	return !strcmp(name, wanted);
}

static bool find_symbol(const struct image *image, Elf_Scn *section, const GElf_Shdr *shdr,
			const char *name, struct image_function *ret)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym sym;

	for (int i = 1; data && i < SYMBOLS_MAX && gelf_getsym(data, i, &sym); i++) {
		const char *its;

		if (GELF_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF)
			continue;
		its = elf_strptr(image->elf, shdr->sh_link, sym.st_name);
		if (!its || !is_called(its, name))
			continue;
		ret->start = sym.st_value;
		ret->end = sym.st_value + (sym.st_size ? sym.st_size : NO_SIZE_BYTES);
		return true;
	}
	return false;
}

/* Whether what is mangled in @its can be @name at all: begins with the same word, for a start. */
static bool may_be_written(const char *its, const char *name)
{
	size_t size = strcspn(name, ":<");
	const char *at = its;

	if (its[0] != '_' || (its[1] != 'Z' && its[1] != 'R'))
		return false;
	if (size == 3 && !strncmp(name, "std", size)) /* has a mark of its own in C++ */
		return true;
	while ((at = strchr(at, *name)) && strncmp(at, name, size) != 0)
		at++;
	return at;
}

static bool has_start(const struct image_function *functions, size_t n, uint64_t start)
{
	for (size_t i = 0; i < n; i++) {
		if (functions[i].start == start)
			return true;
	}
	return false;
}

struct written {
	const char *name;
	struct image_function *found;
	size_t n, max;
};

static void find_written(const struct image *image, Elf_Scn *section, const GElf_Shdr *shdr,
			 struct written *to)
{
	Elf_Data *data = elf_getdata(section, NULL);
	struct buf text = { 0 };
	GElf_Sym sym;

	for (int i = 1; data && i < SYMBOLS_MAX && gelf_getsym(data, i, &sym); i++) {
		const char *its;

		if (GELF_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF ||
		    to->n == to->max || has_start(to->found, to->n, sym.st_value))
			continue;
		its = elf_strptr(image->elf, shdr->sh_link, sym.st_name);
		buf_clear(&text);
		if (!its || !may_be_written(its, to->name) || !demangle(its, &text) ||
		    strcmp(buf_str(&text), to->name) != 0)
			continue;
		to->found[to->n++] =
			(struct image_function){ sym.st_value, sym.st_value + sym.st_size };
	}
	buf_release(&text);
}

size_t image_find_written(const struct image *image, const char *name, struct image_function *ret,
			  size_t max)
{
	struct written to = { name, ret, 0, max };
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(image->elf, section))) {
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			find_written(image, section, &shdr, &to);
	}
	return to.n;
}

bool image_find_function(const struct image *image, const char *name, struct image_function *ret)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(image->elf, section))) {
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM) &&
		    find_symbol(image, section, &shdr, name, ret))
			return true;
	}
	return image->go && gopclntab_find_function(image->go, name, &ret->start, &ret->end);
}

/* Three addresses, then three strings: provider, name, arguments. */
static bool read_note(const char *at, size_t size, const char *wanted, struct image_note *ret,
		      uint64_t *ret_base)
{
	const char *text[3], *end = at + size;
	uint64_t words[3];
	size_t n;

	if (size < sizeof(words))
		return false;
	memcpy(words, at, sizeof(words));
	at += sizeof(words);
	for (int i = 0; i < 3; i++) {
		text[i] = at;
		at = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
		if (!at)
			return false;
		at++;
	}
	n = strlen(text[0]);
	if (strncmp(wanted, text[0], n) != 0 || wanted[n] != ':' ||
	    strcmp(wanted + n + 1, text[1]) != 0)
		return false;
	*ret = (struct image_note){ le64toh(words[0]), le64toh(words[2]), text[2] };
	*ret_base = le64toh(words[1]);
	return true;
}

/*
 * Where the file was prelinked, addresses in notes are as they were before: the section that
 * is there for it tells by how much.
 */
static void shift_note(const struct image *image, uint64_t base, struct image_note *note)
{
	GElf_Shdr shdr;

	if (!find_section(image, ".stapsdt.base", &shdr))
		return;
	note->address += shdr.sh_addr - base;
	if (note->counter)
		note->counter += shdr.sh_addr - base;
}

bool image_find_note(const struct image *image, const char *name, unsigned int n,
		     struct image_note *ret)
{
	size_t at = 0, name_at, desc_at;
	GElf_Shdr shdr;
	Elf_Data *data = find_section(image, ".note.stapsdt", &shdr);
	GElf_Nhdr head;
	uint64_t base;

	while (data && data->d_buf && (at = gelf_getnote(data, at, &head, &name_at, &desc_at))) {
		const char *owner = (const char *)data->d_buf + name_at;

		if (head.n_type != NOTE_PROBE || head.n_namesz != sizeof(NOTE_OWNER) ||
		    memcmp(owner, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0 ||
		    !read_note((const char *)data->d_buf + desc_at, head.n_descsz, name, ret,
			       &base))
			continue;
		if (n--)
			continue;
		shift_note(image, base, ret);
		return true;
	}
	return false;
}

bool image_offset(const struct image *image, uint64_t address, uint64_t *ret)
{
	GElf_Phdr phdr;
	size_t n;

	if (elf_getphdrnum(image->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(image->elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
		    address < phdr.p_vaddr || address - phdr.p_vaddr >= phdr.p_filesz)
			continue;
		*ret = address - phdr.p_vaddr + phdr.p_offset;
		return true;
	}
	return false;
}

const unsigned char *image_code(const struct image *image, const struct image_function *function)
{
	size_t size, n = function->end - function->start;
	const char *file = elf_rawfile(image->elf, &size);
	uint64_t offset;

	if (!file || !image_offset(image, function->start, &offset) || offset > size ||
	    n > size - offset)
		return NULL;
	return (const unsigned char *)file + offset;
}

/* "go1.26.8" and its length, behind 32 bytes of which the 16th says that the text stands there. */
uint32_t image_go_version(const struct image *image)
{
	GElf_Shdr shdr;
	Elf_Data *data = find_section(image, ".go.buildinfo", &shdr);
	const char *info = data ? data->d_buf : NULL;
	unsigned long major, minor;
	char text[16], *at;

	if (!info || data->d_size < VERSION_AT + sizeof(text) || !(info[15] & 2) ||
	    memcmp(info + VERSION_AT, "go", 2) != 0)
		return 0;
	memcpy(text, info + VERSION_AT + 2, sizeof(text) - 2);
	text[sizeof(text) - 2] = '\0';
	major = strtoul(text, &at, 10);
	minor = *at == '.' ? strtoul(at + 1, NULL, 10) : 0;
	return major < 1000 && minor < 1000 ? (uint32_t)(1000 * major + minor) : 0;
}

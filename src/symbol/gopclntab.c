/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/gopclntab.h"

#include <endian.h>
#include <gelf.h>
#include <string.h>

#include "base/mem.h"

#define MAGIC_1_18    0xfffffff0u
#define MAGIC_1_20    0xfffffff1u
#define MODULE_TEXT   176u /* of runtime.moduledata.text, in the section .go.module */
#define PCDATA_INLINE 2u   /* tells inlined calls: -1 where there is none */
#define STEPS_MAX     (1u << 20)
#define FUNCTION_MAX  (16u << 20)
#define NO_VALUE      (-1)

enum header { /* offsets, in words of 8 bytes behind the first */
	      HEADER_N_FUNCTIONS = 8,
	      HEADER_TEXT = 24, /* 0 since Go 1.26 */
	      HEADER_NAMES = 32,
	      HEADER_UNITS = 40,
	      HEADER_FILES = 48,
	      HEADER_VALUES = 56,
	      HEADER_FUNCTIONS = 64,
	      HEADER_SIZE = 72,
};

enum function { /* offsets in a function's entry */
		FUNCTION_NAME = 4,
		FUNCTION_PC_FILE = 20,
		FUNCTION_PC_LINE = 24,
		FUNCTION_N_PCDATA = 28,
		FUNCTION_UNIT = 32,
		FUNCTION_START_LINE = 36, /* since 1.20 */
		FUNCTION_PCDATA_1_18 = 40,
		FUNCTION_PCDATA_1_20 = 44,
};

struct gopclntab {
	const unsigned char *data; /* borrowed from the file */
	size_t size;
	uint64_t text;    /* what addresses in the table are relative to */
	uint64_t quantum; /* of instructions */
	uint64_t n_functions, names, units, files, values, functions; /* offsets into data */
	bool has_start_line;
};

/* 0 for what lies outside: every use of it stands being wrong. */
static uint64_t read_at(const struct gopclntab *t, uint64_t at, size_t size)
{
	uint64_t value = 0;

	if (at <= t->size && size <= t->size - at)
		memcpy(&value, t->data + at, size);
	return le64toh(value);
}

static uint32_t u32_at(const struct gopclntab *t, uint64_t at)
{
	return (uint32_t)read_at(t, at, sizeof(uint32_t));
}

static const char *string_at(const struct gopclntab *t, uint64_t at)
{
	if (at >= t->size || !memchr(t->data + at, '\0', t->size - at))
		return NULL;
	return (const char *)t->data + at;
}

static Elf_Scn *find_section(Elf *elf, const char *suffix, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, ret) || ret->sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, ret->sh_name);
		if (name && strlen(name) >= strlen(suffix) &&
		    !strcmp(name + strlen(name) - strlen(suffix), suffix))
			return section;
	}
	return NULL;
}

/* What the loader adds at @address of a program that can lie anywhere. */
static uint64_t relocation_at(Elf *elf, uint64_t address)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Rela rela;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_RELA)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getrela(data, i, &rela); i++) {
			if (rela.r_offset == address)
				return (uint64_t)rela.r_addend;
		}
	}
	return 0;
}

/* The pointer at @offset of @section. */
static uint64_t pointer_in(Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr, uint64_t offset)
{
	Elf_Data *data = elf_getdata(section, NULL);
	uint64_t value = 0;

	if (data && data->d_buf && data->d_size >= 8 && offset <= data->d_size - 8)
		memcpy(&value, (char *)data->d_buf + offset, sizeof(value));
	return value ? le64toh(value) : relocation_at(elf, shdr->sh_addr + offset);
}

/* In the table's head until Go 1.25; since then in the description of the module. */
static uint64_t find_text(Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr)
{
	uint64_t text = pointer_in(elf, section, shdr, HEADER_TEXT);
	GElf_Shdr module;

	if (text)
		return text;
	section = find_section(elf, ".go.module", &module);
	text = section ? pointer_in(elf, section, &module, MODULE_TEXT) : 0;
	if (!text && find_section(elf, ".text", &module))
		text = module.sh_addr;
	return text;
}

struct gopclntab *gopclntab_new(Elf *elf)
{
	struct gopclntab *t;
	GElf_Shdr shdr;
	Elf_Scn *section = find_section(elf, "gopclntab", &shdr);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	uint32_t magic;

	if (!data || !data->d_buf || data->d_size < HEADER_SIZE)
		return NULL;
	memcpy(&magic, data->d_buf, sizeof(magic));
	magic = le32toh(magic);
	if ((magic != MAGIC_1_18 && magic != MAGIC_1_20) ||
	    ((unsigned char *)data->d_buf)[7] != sizeof(uint64_t))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->data = data->d_buf;
	t->size = data->d_size;
	t->has_start_line = magic == MAGIC_1_20;
	t->quantum = t->data[6];
	t->n_functions = read_at(t, HEADER_N_FUNCTIONS, 8);
	t->names = read_at(t, HEADER_NAMES, 8);
	t->units = read_at(t, HEADER_UNITS, 8);
	t->files = read_at(t, HEADER_FILES, 8);
	t->values = read_at(t, HEADER_VALUES, 8);
	t->functions = read_at(t, HEADER_FUNCTIONS, 8);
	t->text = find_text(elf, section, &shdr);
	if (t->n_functions > t->size / 8)
		t->n_functions = t->size / 8;
	return t;
}

void gopclntab_free(struct gopclntab *t)
{
	free(t);
}

/* Variable-length, seven bits a byte; *at moves on. */
static uint32_t varint(const struct gopclntab *t, uint64_t *at)
{
	uint32_t value = 0, byte, shift = 0;

	do {
		byte = (uint32_t)read_at(t, (*at)++, 1);
		value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 32);
	return value;
}

/* The value that the table at @offset of the values has at @distance from the entry. */
static int32_t value_at(const struct gopclntab *t, uint32_t offset, uint64_t distance)
{
	uint64_t at = t->values + offset, reached = 0;
	uint32_t value = (uint32_t)NO_VALUE;

	if (!offset)
		return NO_VALUE;
	for (uint32_t i = 0; i < STEPS_MAX && at < t->size; i++) {
		uint32_t delta = varint(t, &at);

		if (!delta && i)
			break;
		value += -(delta & 1) ^ (delta >> 1); /* the sign is in the lowest bit */
		reached += varint(t, &at) * t->quantum;
		if (distance < reached)
			return (int32_t)value;
	}
	return NO_VALUE;
}

static const char *file_at(const struct gopclntab *t, uint64_t function, uint64_t distance)
{
	int32_t number = value_at(t, u32_at(t, function + FUNCTION_PC_FILE), distance);
	uint32_t unit = u32_at(t, function + FUNCTION_UNIT), offset;

	if (number < 0)
		return NULL;
	offset = u32_at(t, t->units + 4 * ((uint64_t)unit + (uint32_t)number));
	return offset == UINT32_MAX ? NULL : string_at(t, t->files + offset);
}

static bool is_inlined(const struct gopclntab *t, uint64_t function, uint64_t distance)
{
	uint64_t pcdata =
		function + (t->has_start_line ? FUNCTION_PCDATA_1_20 : FUNCTION_PCDATA_1_18);

	if (u32_at(t, function + FUNCTION_N_PCDATA) <= PCDATA_INLINE)
		return false;
	return value_at(t, u32_at(t, pcdata + 4 * PCDATA_INLINE), distance) != NO_VALUE;
}

static void describe(const struct gopclntab *t, uint64_t function, uint64_t distance,
		     struct symbol_name *ret)
{
	int32_t line;

	if (t->has_start_line)
		ret->start_line = u32_at(t, function + FUNCTION_START_LINE);
	if (ret->start_line > INT32_MAX)
		ret->start_line = 0;
	if (is_inlined(t, function, distance)) {
		ret->file = file_at(t, function, 0);
		return;
	}
	ret->file = file_at(t, function, distance);
	line = value_at(t, u32_at(t, function + FUNCTION_PC_LINE), distance);
	ret->line = ret->file && line > 0 ? (uint32_t)line : 0;
}

bool gopclntab_find(const struct gopclntab *t, uint64_t address, struct symbol_name *ret)
{
	uint64_t low = 0, high = t->n_functions, at, entry, end;
	const char *name;

	if (address < t->text || address - t->text > UINT32_MAX)
		return false;
	address -= t->text;
	while (low < high) { /* the first one above */
		uint64_t mid = low + (high - low) / 2;

		if (u32_at(t, t->functions + 8 * mid) <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	at = t->functions + 8 * (low - 1);
	entry = u32_at(t, at);
	end = u32_at(t, at + 8); /* the last is followed by the end of them all */
	at = t->functions + u32_at(t, at + 4);
	name = string_at(t, t->names + u32_at(t, at + FUNCTION_NAME));
	if (address >= end || end - entry > FUNCTION_MAX || !name || !*name)
		return false;
	*ret = (struct symbol_name){ .function = name };
	describe(t, at, address - entry, ret);
	return true;
}

bool gopclntab_find_function(const struct gopclntab *t, const char *name, uint64_t *ret_start,
			     uint64_t *ret_end)
{
	for (uint64_t i = 0; i < t->n_functions; i++) {
		uint64_t at = t->functions + 8 * i;
		uint64_t entry = u32_at(t, at), end = u32_at(t, at + 8);
		uint64_t function = t->functions + u32_at(t, at + 4);
		const char *its = string_at(t, t->names + u32_at(t, function + FUNCTION_NAME));

		if (!its || strcmp(its, name) != 0 || end <= entry || end - entry > FUNCTION_MAX)
			continue;
		*ret_start = t->text + entry;
		*ret_end = t->text + end;
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "fde.h"

#include <dwarf.h>
#include <endian.h>
#include <gelf.h>
#include <string.h>

#include "base/mem.h"

/*
 * The segment .eh_frame_hdr, as every linker writes it: four bytes (a version and
 * three encodings), where .eh_frame is, how many entries there are, and the table
 * of them, in the order of what they begin with.
 */
#define HDR_VERSION  1
#define HDR_POINTER  (DW_EH_PE_pcrel | DW_EH_PE_sdata4)
#define HDR_COUNT    DW_EH_PE_udata4
#define HDR_TABLE    (DW_EH_PE_datarel | DW_EH_PE_sdata4)
#define HDR_SIZE     12u
#define ENTRY_SIZE   8u
#define HDR_COUNT_AT 8u

struct fdes {
	Dwarf_CFI *cfi;
	const unsigned char *entries; /* borrowed from the file */
	size_t n;
	uint64_t base; /* what starts are relative to */
};

static bool is_header(const unsigned char *at)
{
	return at[0] == HDR_VERSION && at[1] == HDR_POINTER && at[2] == HDR_COUNT &&
	       at[3] == HDR_TABLE;
}

static const unsigned char *find_header(Elf *elf, uint64_t *ret_base, size_t *ret_size)
{
	size_t n, size;
	const char *file = elf_rawfile(elf, &size);

	if (!file || elf_getphdrnum(elf, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_GNU_EH_FRAME)
			continue;
		if (phdr.p_filesz < HDR_SIZE || phdr.p_offset > size ||
		    phdr.p_filesz > size - phdr.p_offset)
			return NULL;
		*ret_base = phdr.p_vaddr;
		*ret_size = phdr.p_filesz;
		return (const unsigned char *)file + phdr.p_offset;
	}
	return NULL;
}

static uint32_t u32_at(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

struct fdes *fdes_new(Elf *elf)
{
	uint64_t base;
	size_t size, n;
	const unsigned char *header = find_header(elf, &base, &size);
	Dwarf_CFI *cfi;
	struct fdes *fdes;

	if (!header || !is_header(header))
		return NULL;
	n = u32_at(header + HDR_COUNT_AT);
	if (!n || n > (size - HDR_SIZE) / ENTRY_SIZE)
		return NULL;
	cfi = dwarf_getcfi_elf(elf);
	if (!cfi)
		return NULL;
	fdes = xcalloc(1, sizeof(*fdes));
	*fdes = (struct fdes){ cfi, header + HDR_SIZE, n, base };
	return fdes;
}

void fdes_free(struct fdes *fdes)
{
	if (!fdes)
		return;
	dwarf_cfi_end(fdes->cfi);
	free(fdes);
}

static uint64_t start_of(const struct fdes *fdes, size_t i)
{
	return fdes->base + (uint64_t)(int32_t)u32_at(fdes->entries + i * ENTRY_SIZE);
}

/* The table does not say where functions end: there may be a gap, and libdw knows. */
static bool is_covered(const struct fdes *fdes, uint64_t address)
{
	Dwarf_Frame *frame;

	if (dwarf_cfi_addrframe(fdes->cfi, address, &frame))
		return false;
	free(frame);
	return true;
}

bool fdes_find(const struct fdes *fdes, uint64_t address, uint64_t *ret_start)
{
	size_t low = 0, high = fdes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (start_of(fdes, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !is_covered(fdes, address))
		return false;
	*ret_start = start_of(fdes, low - 1);
	return true;
}

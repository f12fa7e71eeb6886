/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi_vet.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>

#include "base/map.h"
#include "base/mem.h"

/* What compilers write stays far below these. */
#define MAX_REGISTER   128u
#define MAX_EXPRESSION 512u
#define MAX_REMEMBERED 32u
#define MAX_PROGRAM    (256u << 10)

struct vet {
	Elf_Data data;
	bool is_eh;
	struct map cies; /* offset → enum cie_flags | bytes of an FDE's address */
};

enum cie_flags { CIE_IS_SIZED = 1 << 8 };

struct cursor {
	const unsigned char *at, *end;
};

static const unsigned char ident[EI_NIDENT] = {
	ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
};

static bool skip(struct cursor *c, uint64_t size)
{
	if (size > (uint64_t)(c->end - c->at))
		return false;
	c->at += size;
	return true;
}

/* A LEB128 number that ends where it should.  Its value counts only when it is small. */
static bool leb(struct cursor *c, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 10 && c->at < c->end; i++) {
		unsigned char byte = *c->at++;

		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Bytes that an encoded address takes; 0: not an encoding that anybody uses. */
static unsigned int encoded_size(uint8_t encoding)
{
	static const uint8_t sizes[16] = {
		[DW_EH_PE_absptr] = 8, [DW_EH_PE_udata2] = 2, [DW_EH_PE_udata4] = 4,
		[DW_EH_PE_udata8] = 8, [DW_EH_PE_sdata2] = 2, [DW_EH_PE_sdata4] = 4,
		[DW_EH_PE_sdata8] = 8,
	};

	return (encoding & 0x70) <= DW_EH_PE_datarel ? sizes[encoding & 0x0f] : 0;
}

/*
 * What operands follow each instruction: bytes (1, 2, 4), an address, a register, a
 * number, an expression; + and - remember and restore the state.
 */
static const char *operands(uint8_t instruction)
{
	static const char *const shapes[DW_CFA_low_user] = {
		[DW_CFA_nop] = "",
		[DW_CFA_set_loc] = "a",
		[DW_CFA_advance_loc1] = "1",
		[DW_CFA_advance_loc2] = "2",
		[DW_CFA_advance_loc4] = "4",
		[DW_CFA_offset_extended] = "rn",
		[DW_CFA_restore_extended] = "r",
		[DW_CFA_undefined] = "r",
		[DW_CFA_same_value] = "r",
		[DW_CFA_register] = "rr",
		[DW_CFA_remember_state] = "+",
		[DW_CFA_restore_state] = "-",
		[DW_CFA_def_cfa] = "rn",
		[DW_CFA_def_cfa_register] = "r",
		[DW_CFA_def_cfa_offset] = "n",
		[DW_CFA_def_cfa_expression] = "e",
		[DW_CFA_expression] = "re",
		[DW_CFA_offset_extended_sf] = "rn",
		[DW_CFA_def_cfa_sf] = "rn",
		[DW_CFA_def_cfa_offset_sf] = "n",
		[DW_CFA_val_offset] = "rn",
		[DW_CFA_val_offset_sf] = "rn",
		[DW_CFA_val_expression] = "re",
	};

	switch (instruction & 0xc0) {
	case DW_CFA_offset:
		return "n";
	case DW_CFA_advance_loc:
	case DW_CFA_restore:
		return "";
	}
	if (instruction == DW_CFA_GNU_args_size)
		return "n";
	if (instruction == DW_CFA_GNU_negative_offset_extended)
		return "rn";
	return instruction < DW_CFA_low_user ? shapes[instruction] : NULL;
}

static bool vet_operand(struct cursor *c, char shape, unsigned int address_size)
{
	uint64_t value;

	switch (shape) {
	case 'a':
		return skip(c, address_size);
	case 'r':
		return leb(c, &value) && value < MAX_REGISTER;
	case 'n':
		return leb(c, &value);
	case 'e':
		return leb(c, &value) && value <= MAX_EXPRESSION && skip(c, value);
	default:
		return skip(c, (uint64_t)(shape - '0'));
	}
}

static bool vet_program(struct cursor c, unsigned int address_size)
{
	unsigned int n_remembered = 0;

	if (c.end - c.at > MAX_PROGRAM)
		return false;
	while (c.at < c.end) {
		const char *shape = operands(*c.at++);

		for (; shape && *shape; shape++) {
			if (*shape == '+')
				n_remembered++;
			else if (*shape == '-')
				n_remembered--;
			else if (!vet_operand(&c, *shape, address_size))
				return false;
		}
		/* Below 0 is above it, too. */
		if (!shape || n_remembered > MAX_REMEMBERED)
			return false;
	}
	return true;
}

/* Walk the augmentation of a CIE as libdw does; 0 or the bytes of an address. */
static unsigned int vet_augmentation(const Dwarf_CIE *cie)
{
	struct cursor c = { cie->augmentation_data,
			    cie->augmentation_data + cie->augmentation_data_size };
	unsigned int address_size = 8;

	if (!cie->augmentation[0])
		return address_size;
	for (const char *a = cie->augmentation + 1; *a; a++) {
		uint8_t encoding;

		if (*a == 'S' || *a == 'B')
			continue;
		if (c.at == c.end || !strchr("RLP", *a))
			return 0;
		encoding = *c.at++;
		if (*a == 'R')
			address_size = encoding & DW_EH_PE_indirect ? 0 : encoded_size(encoding);
		else if (*a == 'P' &&
			 (!encoded_size(encoding) || !skip(&c, encoded_size(encoding))))
			return 0;
	}
	return address_size;
}

/* Before libdw looks: a string of one "z" and then few letters, each once, that ends soon. */
static bool has_sane_augmentation(struct cursor c)
{
	size_t n;

	if (!skip(&c, 9)) /* length, id, version */
		return false;
	n = strnlen((const char *)c.at, c.end - c.at < 8 ? (size_t)(c.end - c.at) : 8);
	return c.at + n < c.end && n < 8 && (!n || *c.at == 'z');
}

static bool read_entry(struct vet *vet, uint64_t offset, Dwarf_CFI_Entry *ret)
{
	Dwarf_Off next;

	return !dwarf_next_cfi(ident, &vet->data, vet->is_eh, offset, &next, ret);
}

static bool vet_cie(struct vet *vet, uint64_t offset, struct cursor bytes)
{
	Dwarf_CFI_Entry entry;
	unsigned int address_size;

	if (!has_sane_augmentation(bytes) || !read_entry(vet, offset, &entry) ||
	    !dwarf_cfi_cie_p(&entry))
		return false;
	address_size = vet_augmentation(&entry.cie);
	if (!address_size || !vet_program((struct cursor){ entry.cie.initial_instructions,
							   entry.cie.initial_instructions_end },
					  address_size))
		return false;
	*map_insert(&vet->cies, offset) = address_size |
					  (entry.cie.augmentation[0] ? CIE_IS_SIZED : 0);
	return true;
}

static bool vet_fde(struct vet *vet, uint64_t offset)
{
	Dwarf_CFI_Entry entry;
	struct cursor c;
	uint64_t *cie, size = 0;
	unsigned int address_size;

	if (!read_entry(vet, offset, &entry) || dwarf_cfi_cie_p(&entry))
		return false;
	cie = map_find(&vet->cies, entry.fde.CIE_pointer);
	if (!cie)
		return false;
	c = (struct cursor){ entry.fde.start, entry.fde.end };
	address_size = *cie & 0xff;
	if (!skip(&c, 2 * (uint64_t)address_size))
		return false;
	if (*cie & CIE_IS_SIZED && (!leb(&c, &size) || !skip(&c, size)))
		return false;
	return vet_program(c, address_size);
}

static bool vet_entry(struct vet *vet, uint64_t offset, uint64_t size)
{
	const unsigned char *at = (const unsigned char *)vet->data.d_buf + offset;
	uint32_t id;

	if (size < 8)
		return false;
	memcpy(&id, at + 4, sizeof(id));
	if (id == (vet->is_eh ? 0 : DW_CIE_ID_32))
		return vet_cie(vet, offset, (struct cursor){ at, at + size });
	return vet_fde(vet, offset);
}

static bool vet_section(struct vet *vet)
{
	uint64_t offset = 0;

	while (offset + 4 <= vet->data.d_size) {
		uint32_t length;

		memcpy(&length, (const char *)vet->data.d_buf + offset, sizeof(length));
		/* A zero ends the section for some; what is behind it is looked at all the same. */
		if (length &&
		    (length > vet->data.d_size - offset - 4 || !vet_entry(vet, offset, length + 4)))
			return false;
		offset += 4 + (uint64_t)length;
	}
	return true;
}

static void vet_piece(struct cfi_image *image, enum cfi_section section)
{
	const struct cfi_piece *piece = &image->pieces[section];
	struct vet vet = {
		.data = { .d_buf = piece->data, .d_size = piece->size, .d_version = EV_CURRENT },
		.is_eh = section == CFI_EH_FRAME,
	};

	if (!piece->data)
		return;
	if (!vet_section(&vet))
		cfi_image_drop(image, section);
	map_release(&vet.cies);
}

void cfi_vet(struct cfi_image *image)
{
	vet_piece(image, CFI_EH_FRAME);
	vet_piece(image, CFI_DEBUG_FRAME);
}

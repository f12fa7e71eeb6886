/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi.h"

#include <errno.h>

#include "base/mem.h"
#include "unwind/cfi_image.h"
#include "unwind/cfi_vet.h"

#define TREE_FACTOR 6 /* bytes in libdw's tree for one of the smallest entry */

struct cfi {
	struct cfi_image image;
	Elf *elf;         /* of the image */
	Dwarf *dwarf;     /* of the image, for .debug_frame; or NULL */
	Dwarf_CFI *eh;    /* owned; or NULL */
	Dwarf_CFI *debug; /* borrowed from dwarf; or NULL */
};

static void open_tables(struct cfi *cfi)
{
	struct cfi_image *image = &cfi->image;

	cfi->elf = elf_memory((char *)image->data, image->size);
	if (!cfi->elf)
		return;
	if (image->pieces[CFI_EH_FRAME].data)
		cfi->eh = dwarf_getcfi_elf(cfi->elf);
	if (image->pieces[CFI_DEBUG_FRAME].data)
		cfi->dwarf = dwarf_begin_elf(cfi->elf, DWARF_C_READ, NULL);
	if (cfi->dwarf)
		cfi->debug = dwarf_getcfi(cfi->dwarf);
}

struct cfi *cfi_new(const struct module *module, size_t max_size)
{
	struct cfi *cfi = xcalloc(1, sizeof(*cfi));

	if ((module->fd >= 0 || module->image) && !cfi_image_read(module, max_size, &cfi->image)) {
		cfi_vet(&cfi->image);
		open_tables(cfi);
	}
	return cfi;
}

void cfi_free(struct cfi *cfi)
{
	if (!cfi)
		return;
	if (cfi->eh)
		dwarf_cfi_end(cfi->eh);
	dwarf_end(cfi->dwarf);
	elf_end(cfi->elf);
	cfi_image_release(&cfi->image);
	free(cfi);
}

/* Without a search table libdw goes through all entries and keeps each in a tree. */
size_t cfi_size(const struct cfi *cfi)
{
	bool has_table = cfi->image.pieces[CFI_EH_FRAME_HDR].data;

	return cfi->image.size +
	       (has_table ? 0 : TREE_FACTOR * cfi->image.pieces[CFI_EH_FRAME].size) +
	       TREE_FACTOR * cfi->image.pieces[CFI_DEBUG_FRAME].size;
}

bool cfi_is_go(const struct cfi *cfi)
{
	return cfi->image.is_go;
}

static int compile(Dwarf_Frame *frame, struct row *ret)
{
	int r = row_compile(frame, ret);

	free(frame);
	return r;
}

/* Go's .debug_frame does not say that rbp is saved below the return address, in every frame. */
static void add_frame_pointer(struct row *row)
{
	if (row->cfa.kind == PLACE_REGISTER && row->cfa.reg == UNWIND_RSP &&
	    row->cfa.offset >= 16 && row->regs[UNWIND_RBP].kind == PLACE_SAME)
		row->regs[UNWIND_RBP] = (struct place){ .kind = PLACE_MEMORY, .offset = -16 };
	row->is_go = true;
}

/* .eh_frame first: of a program of Go and C it knows the C, .debug_frame the Go. */
int cfi_find(const struct cfi *cfi, uint64_t vaddr, struct row *ret)
{
	Dwarf_Frame *frame;
	int r;

	if (cfi->eh && !dwarf_cfi_addrframe(cfi->eh, vaddr, &frame))
		return compile(frame, ret);
	if (!cfi->debug || dwarf_cfi_addrframe(cfi->debug, vaddr, &frame))
		return -ENOENT;
	r = compile(frame, ret);
	if (!r && cfi->image.is_go)
		add_frame_pointer(ret);
	return r;
}

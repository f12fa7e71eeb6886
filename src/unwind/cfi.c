/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi.h"

#include <errno.h>

#include "base/mem.h"
#include "unwind/cfi_table.h"
#include "unwind/cfi_vet.h"

#define TREE_FACTOR 6 /* bytes in libdw's tree for one of the smallest entry */

struct tables { /* what libdw makes of an image */
	struct cfi_image image;
	Elf *elf;         /* of the image */
	Dwarf *dwarf;     /* of the image, for .debug_frame; or NULL */
	Dwarf_CFI *eh;    /* owned; or NULL */
	Dwarf_CFI *debug; /* borrowed from dwarf; or NULL */
};

struct cfi {
	const struct module *module; /* borrowed */
	struct cfi_table table;
	struct tables whole; /* what no table leads to */
};

static void open_tables(struct tables *tables)
{
	struct cfi_image *image = &tables->image;

	cfi_vet(image);
	tables->elf = elf_memory((char *)image->data, image->size);
	if (!tables->elf)
		return;
	if (image->pieces[CFI_EH_FRAME].data)
		tables->eh = dwarf_getcfi_elf(tables->elf);
	if (image->pieces[CFI_DEBUG_FRAME].data)
		tables->dwarf = dwarf_begin_elf(tables->elf, DWARF_C_READ, NULL);
	if (tables->dwarf)
		tables->debug = dwarf_getcfi(tables->dwarf);
}

static void close_tables(struct tables *tables)
{
	if (tables->eh)
		dwarf_cfi_end(tables->eh);
	dwarf_end(tables->dwarf);
	elf_end(tables->elf);
	cfi_image_release(&tables->image);
}

struct cfi *cfi_new(const struct module *module, size_t max_size)
{
	struct cfi *cfi = xcalloc(1, sizeof(*cfi));
	struct cfi_want want = { CFI_EH_FRAME, max_size };

	cfi->module = module;
	if (module->fd < 0 && !module->image)
		return cfi;
	cfi_table_open(module, &cfi->table);
	if (cfi->table.n)
		want.first = CFI_DEBUG_FRAME;
	if (!cfi_image_read(module, &want, &cfi->whole.image))
		open_tables(&cfi->whole);
	return cfi;
}

void cfi_free(struct cfi *cfi)
{
	if (!cfi)
		return;
	cfi_table_close(&cfi->table);
	close_tables(&cfi->whole);
	free(cfi);
}

/* Libdw goes through all entries and keeps each in a tree. */
size_t cfi_size(const struct cfi *cfi)
{
	const struct cfi_image *image = &cfi->whole.image;

	return image->size + TREE_FACTOR * (image->pieces[CFI_EH_FRAME].size +
					    image->pieces[CFI_DEBUG_FRAME].size);
}

bool cfi_is_go(const struct cfi *cfi)
{
	return cfi->whole.image.is_go;
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

static int find_eh(const struct tables *tables, uint64_t vaddr, struct row *ret)
{
	Dwarf_Frame *frame;

	if (!tables->eh || dwarf_cfi_addrframe(tables->eh, vaddr, &frame))
		return -ENOENT;
	return compile(frame, ret);
}

static int find_by_table(const struct cfi *cfi, uint64_t vaddr, struct row *ret)
{
	struct tables one = { 0 };
	int r = cfi_table_read(&cfi->table, cfi->module, vaddr, &one.image);

	if (r)
		return r;
	open_tables(&one);
	r = find_eh(&one, vaddr, ret);
	close_tables(&one);
	return r;
}

/* .eh_frame first: of a program of Go and C it knows the C, .debug_frame the Go. */
int cfi_find(const struct cfi *cfi, uint64_t vaddr, struct row *ret)
{
	int r = cfi->table.n ? find_by_table(cfi, vaddr, ret) : find_eh(&cfi->whole, vaddr, ret);
	Dwarf_Frame *frame;

	if (r != -ENOENT || !cfi->whole.debug ||
	    dwarf_cfi_addrframe(cfi->whole.debug, vaddr, &frame))
		return r;
	r = compile(frame, ret);
	if (!r && cfi_is_go(cfi))
		add_frame_pointer(ret);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/cfi_table.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define MAX_SEGMENTS 256          /* a file that claims more lies; */
#define MAX_ENTRIES  (8u << 20)   /* so does one with a longer table, */
#define MAX_ENTRY    (512u << 10) /* or with a CIE or FDE of more bytes */
#define FIRST_BYTES  256          /* more than most CIEs and FDEs have, to be read at once */
#define BLOCK        512u         /* entries: a page */

/* Version 1; .eh_frame relative to here, a 32-bit count, a table relative to the header. */
static const unsigned char head[4] = { 1, 0x1b, 0x03, 0x3b };

struct header { /* as in the file */
	unsigned char head[4];
	int32_t eh_frame; /* from this field on */
	uint32_t n;
};

struct entry {              /* as in the file, by ascending start */
	int32_t start, fde; /* relative to the header */
};

static bool read_at(const struct module *module, uint64_t offset, void *data, size_t size)
{
	if (!module->image)
		return pread(module->fd, data, size, (off_t)offset) == (ssize_t)size;
	if (offset > module->image_size || size > module->image_size - offset)
		return false;
	memcpy(data, (const char *)module->image + offset, size);
	return true;
}

/* The header that @at says, and how many entries fit behind it. */
static bool read_header(const struct module *module, const Elf64_Phdr *at, struct header *ret)
{
	return at->p_filesz >= sizeof(*ret) && read_at(module, at->p_offset, ret, sizeof(*ret)) &&
	       !memcmp(ret->head, head, sizeof(head)) && ret->n <= MAX_ENTRIES &&
	       ret->n <= (at->p_filesz - sizeof(*ret)) / sizeof(struct entry);
}

static bool find_segments(const struct module *module, const Elf64_Ehdr *ehdr, Elf64_Phdr *phdrs,
			  struct cfi_table *ret)
{
	const Elf64_Phdr *at = NULL;
	struct header header;

	for (size_t i = 0; i < ehdr->e_phnum && !at; i++) {
		if (phdrs[i].p_type == PT_GNU_EH_FRAME)
			at = &phdrs[i];
	}
	if (!at || !read_header(module, at, &header))
		return false;
	ret->offset = at->p_offset + sizeof(header);
	ret->vaddr = at->p_vaddr;
	ret->eh_vaddr = at->p_vaddr + offsetof(struct header, eh_frame) +
			(uint64_t)(int64_t)header.eh_frame;
	for (at = phdrs; at < phdrs + ehdr->e_phnum; at++) {
		uint64_t inside = ret->eh_vaddr - at->p_vaddr;

		if (at->p_type != PT_LOAD || inside >= at->p_filesz)
			continue;
		ret->eh_offset = at->p_offset + inside;
		ret->eh_size = at->p_filesz - inside;
		ret->n = header.n;
		return true;
	}
	return false;
}

static bool read_entries(const struct cfi_table *table, const struct module *module, uint32_t first,
			 uint32_t n, struct entry *ret)
{
	return read_at(module, table->offset + (uint64_t)first * sizeof(*ret), ret,
		       n * sizeof(*ret));
}

static bool read_starts(const struct module *module, struct cfi_table *table)
{
	struct entry entry;

	table->n_starts = (table->n + BLOCK - 1) / BLOCK;
	table->starts = xcalloc(table->n_starts + 1, sizeof(*table->starts));
	for (uint32_t i = 0; i < table->n_starts; i++) {
		if (!read_entries(table, module, i * BLOCK, 1, &entry))
			return false;
		table->starts[i] = entry.start;
	}
	return true;
}

void cfi_table_open(const struct module *module, struct cfi_table *ret)
{
	Elf64_Phdr phdrs[MAX_SEGMENTS];
	Elf64_Ehdr ehdr;

	*ret = (struct cfi_table){ 0 };
	if (!read_at(module, 0, &ehdr, sizeof(ehdr)) || !cfi_image_is_native(&ehdr) ||
	    ehdr.e_phentsize != sizeof(*phdrs) || ehdr.e_phnum > MAX_SEGMENTS ||
	    !read_at(module, ehdr.e_phoff, phdrs, ehdr.e_phnum * sizeof(*phdrs)))
		return;
	if (!find_segments(module, &ehdr, phdrs, ret) || !read_starts(module, ret))
		cfi_table_close(ret);
}

void cfi_table_close(struct cfi_table *table)
{
	free(table->starts);
	*table = (struct cfi_table){ 0 };
}

static bool is_above(const struct cfi_table *table, int32_t start, uint64_t vaddr)
{
	return table->vaddr + (uint64_t)(int64_t)start > vaddr;
}

/* The entry with the highest start that is not above @vaddr. */
static bool search(const struct cfi_table *table, const struct module *module, uint64_t vaddr,
		   struct entry *ret)
{
	struct entry block[BLOCK];
	uint32_t low = 0, high = table->n_starts, n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (is_above(table, table->starts[mid], vaddr))
			high = mid;
		else
			low = mid + 1;
	}
	if (!low--)
		return false;
	n = table->n - low * BLOCK < BLOCK ? table->n - low * BLOCK : BLOCK;
	if (!read_entries(table, module, low * BLOCK, n, block))
		return false;
	while (n > 1 && is_above(table, block[n - 1].start, vaddr))
		n--;
	*ret = block[n - 1];
	return true;
}

/* Append what stands at @at in .eh_frame: its length, and so many bytes. */
static bool add_entry(const struct cfi_table *table, const struct module *module, uint64_t at,
		      struct buf *out)
{
	unsigned char first[FIRST_BYTES];
	uint64_t left = at < table->eh_size ? table->eh_size - at : 0;
	size_t n = left < sizeof(first) ? left : sizeof(first), size;
	uint32_t length;

	if (n < sizeof(length) || !read_at(module, table->eh_offset + at, first, n))
		return false;
	memcpy(&length, first, sizeof(length));
	size = sizeof(length) + length;
	if (!length || length > MAX_ENTRY || size > left)
		return false;
	buf_add(out, first, n < size ? n : size);
	return n >= size ||
	       read_at(module, table->eh_offset + at + n, buf_extend(out, size - n), size - n);
}

/*
 * The FDE at @at of .eh_frame, behind its CIE, which it then says is there.  Returns where
 * in @out it stands, or 0.
 */
static size_t add_pair(const struct cfi_table *table, const struct module *module, uint64_t at,
		       struct buf *out)
{
	const uint64_t id_at = sizeof(uint32_t); /* in the FDE, behind its length */
	struct buf fde = { 0 };
	uint32_t back = 0;
	size_t ret = 0;

	if (add_entry(table, module, at, &fde) && fde.size >= id_at + sizeof(back))
		memcpy(&back, fde.data + id_at, sizeof(back));
	if (back && back <= at + id_at && add_entry(table, module, at + id_at - back, out)) {
		ret = out->size;
		back = (uint32_t)(ret + id_at);
		memcpy(fde.data + id_at, &back, sizeof(back));
		buf_add(out, fde.data, fde.size);
	}
	buf_release(&fde);
	return ret;
}

/* Addresses in an FDE are relative to where they stand: there it stays. */
int cfi_table_read(const struct cfi_table *table, const struct module *module, uint64_t vaddr,
		   struct cfi_image *ret)
{
	struct cfi_piece pieces[CFI_N_SECTIONS] = { 0 };
	struct buf pair = { 0 };
	struct entry entry;
	uint64_t fde_vaddr;
	size_t fde;
	int r = -ENOENT;

	if (!search(table, module, vaddr, &entry))
		return r;
	fde_vaddr = table->vaddr + (uint64_t)(int64_t)entry.fde;
	fde = add_pair(table, module, fde_vaddr - table->eh_vaddr, &pair);
	if (fde) {
		pieces[CFI_EH_FRAME] = (struct cfi_piece){ pair.data, pair.size, fde_vaddr - fde };
		cfi_image_make(pieces, ret);
		r = 0;
	}
	buf_release(&pair);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search table of a file's unwind information (.eh_frame_hdr, as every linker
 * writes it), searched where it lies: of a file with a table hardly anything is kept in
 * memory, however large the file.
 */
#ifndef UNWIND_CFI_TABLE_H
#define UNWIND_CFI_TABLE_H

#include "unwind/cfi_image.h"

struct cfi_table {
	uint64_t offset;    /* in the file, of its first entry */
	uint32_t n;         /* entries; 0: there is no table */
	uint64_t vaddr;     /* what the entries are relative to */
	uint64_t eh_vaddr;  /* .eh_frame, which ends with its segment at the latest: */
	uint64_t eh_offset; /* in the file */
	uint64_t eh_size;
	int32_t *starts; /* owned; of the first entry of each block, to read one block a search */
	uint32_t n_starts;
};

/* Find the table of @module, which must be open.  All-zero in @ret: none that can be used. */
void cfi_table_open(const struct module *module, struct cfi_table *ret);
void cfi_table_close(struct cfi_table *table);

/*
 * Copy the one entry (FDE, with its CIE) that can hold @vaddr.  Returns 0, or -ENOENT where
 * there is none or it makes no sense.
 */
int cfi_table_read(const struct cfi_table *table, const struct module *module, uint64_t vaddr,
		   struct cfi_image *ret);

#endif /* UNWIND_CFI_TABLE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small ELF image in memory with nothing in it but call frame information of a
 * module, for libdw to read: one entry, or all there is.
 *
 * Given the file itself, libdw would read every debug section to get at
 * .debug_frame (Go), or the whole file where there is no section table; and a
 * mapped file that somebody truncates kills whoever reads it.  The image is a
 * private copy, and readable some way behind the end of each section, where
 * libdw's parsing of a lying file may stray.
 */
#ifndef UNWIND_CFI_IMAGE_H
#define UNWIND_CFI_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/module.h"

enum cfi_section { CFI_EH_FRAME, CFI_DEBUG_FRAME, CFI_N_SECTIONS };

struct cfi_piece {
	unsigned char *data; /* borrowed; NULL: there is none */
	size_t size;
	uint64_t vaddr;
};

struct cfi_image {
	unsigned char *data; /* owned; a whole ELF file */
	size_t size;
	struct cfi_piece pieces[CFI_N_SECTIONS];
	bool is_go; /* the file holds Go code */
};

/* An image of @pieces, which are copied. */
void cfi_image_make(const struct cfi_piece pieces[CFI_N_SECTIONS], struct cfi_image *ret);

struct cfi_want {
	enum cfi_section first; /* the sections from here on */
	size_t max_size;        /* of each, in bytes: a larger one is left out */
};

/*
 * Copy what sections @module has, which must be open.  Returns 0, also where there is
 * none, or -ENOEXEC where the file is not what it should be.
 */
int cfi_image_read(const struct module *module, const struct cfi_want *want, struct cfi_image *ret);
void cfi_image_release(struct cfi_image *image);

/* Take a section out of the image: libdw will not find it. */
void cfi_image_drop(struct cfi_image *image, enum cfi_section section);

/* Whether its registers are those that the unwinder knows. */
bool cfi_image_is_native(const Elf64_Ehdr *ehdr);

#endif /* UNWIND_CFI_IMAGE_H */

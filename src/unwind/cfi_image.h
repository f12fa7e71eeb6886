/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small ELF image in memory with nothing in it but a module's call frame
 * information, for libdw to read.
 *
 * Given the file itself, libdw would read every debug section to get at
 * .debug_frame (Go), or the whole file where there is no section table; and a
 * mapped file that somebody truncates kills whoever reads it.  The image is a
 * private copy, and readable some way behind the end of each section, where
 * libdw's parsing of a lying file may stray.
 */
#ifndef UNWIND_CFI_IMAGE_H
#define UNWIND_CFI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/module.h"

enum cfi_section { CFI_EH_FRAME, CFI_EH_FRAME_HDR, CFI_DEBUG_FRAME, CFI_N_SECTIONS };

struct cfi_piece {
	unsigned char *data; /* points into the image; NULL: there is none */
	size_t size;
	uint64_t vaddr;
};

struct cfi_image {
	unsigned char *data; /* owned; a whole ELF file */
	size_t size;
	struct cfi_piece pieces[CFI_N_SECTIONS];
	bool is_go; /* the file holds Go code */
};

/*
 * Copy what CFI @module has, which must be open, if no section is larger than
 * @max_size bytes.  Returns 0, also where there is none; -EFBIG; -ENOEXEC where the
 * file is not what it should be.
 */
int cfi_image_read(const struct module *module, size_t max_size, struct cfi_image *ret);
void cfi_image_release(struct cfi_image *image);

/* Take a section out of the image: libdw will not find it. */
void cfi_image_drop(struct cfi_image *image, enum cfi_section section);

#endif /* UNWIND_CFI_IMAGE_H */

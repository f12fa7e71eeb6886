/* SPDX-License-Identifier: GPL-2.0-only */
/* A file with code: where its functions, notes and bytes are.  Addresses are the file's own. */
#ifndef RUNTIME_IMAGE_H
#define RUNTIME_IMAGE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	Elf *elf; /* owned */
	struct gopclntab *go;
};

struct image_function {
	uint64_t start, end;
};

struct image_note {
	uint64_t address, counter; /* 0: it has no counter */
	const char *arguments;     /* good while the image is */
};

/* 0 or -errno. @fd stays the caller's. */
int image_open(struct image *image, int fd);
void image_close(struct image *image);

/* Whether a section's name ends with @suffix. */
bool image_has_section(const struct image *image, const char *suffix);

/* By name, or, where that ends with '*', how the name begins. */
bool image_find_function(const struct image *image, const char *name, struct image_function *ret);

/*
 * Those that are written so in C++ or Rust: without parameters, so there may be several.  At
 * most @max; returns how many.
 */
size_t image_find_written(const struct image *image, const char *name, struct image_function *ret,
			  size_t max);

/* The @n-th note of "provider:name"; several places may have it. */
bool image_find_note(const struct image *image, const char *name, unsigned int n,
		     struct image_note *ret);

/* Where in the file @address is.  False where none of it is loaded from the file. */
bool image_offset(const struct image *image, uint64_t address, uint64_t *ret);

/* The code of @function; NULL where it is not in the file. */
const unsigned char *image_code(const struct image *image, const struct image_function *function);

/* What Go made it, as 1000 * major + minor: 1021 is 1.21.  0: it was not Go, or is unknown. */
uint32_t image_go_version(const struct image *image);

#endif /* RUNTIME_IMAGE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From names as linked to names as written: C++ and Rust.  Parameters and return
 * types are left out, as is the hash of Rust's.  Go's and C's are readable as
 * they are.  Names that are made to explode are left as they are.
 */
#ifndef SYMBOL_DEMANGLE_H
#define SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether @name was mangled; then @ret has what it stands for, else it is empty. */
bool demangle(const char *name, struct buf *ret);

#endif /* SYMBOL_DEMANGLE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses whose names are asked for, as text, into what the recorder's side takes. */
#ifndef UI_HTTP_SYMBOL_H
#define UI_HTTP_SYMBOL_H

#include "base/buf.h"
#include "ui/serve.h"

#define HTTP_SYMBOL_BYTES ((size_t)256 << 10) /* of text: 16,384 addresses are less */

/*
 * What to ask for the names of the addresses in @text, which is about @target; and the file that
 * goes with it, owned.  0, or the status of HTTP and a sentence.
 */
unsigned int http_symbol_request(const struct serve_target *target, struct buf *text,
				 struct serve_request *ret, int *ret_file,
				 const char **ret_message);

#endif /* UI_HTTP_SYMBOL_H */

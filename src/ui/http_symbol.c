/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_symbol.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "http_request.h"

unsigned int http_symbol_request(const struct serve_target *target, struct buf *text,
				 struct serve_request *ret, int *ret_file, const char **ret_message)
{
	struct http_addresses addresses = { 0 };
	int file, error = text->size > HTTP_SYMBOL_BYTES;

	if (!error)
		error = http_addresses(buf_str(text), text->size, &addresses);
	if (error) {
		array_release(&addresses.list);
		*ret_message = "too many addresses: at most 16384 at a time";
		return 413;
	}
	file = memfd_create("sysprof-addresses", MFD_CLOEXEC);
	if (file >= 0)
		error = file_write_fd(file, addresses.list.items,
				      addresses.list.n * sizeof(*addresses.list.items));
	array_release(&addresses.list);
	if (file < 0 || error) {
		if (file >= 0)
			close(file);
		*ret_message = "no memory for the addresses";
		return 500;
	}
	*ret = (struct serve_request){
		.target = *target,
		.subject = SERVE_SYMBOL,
		.form = SERVE_TEXT,
		.span_ns = 1,
	};
	*ret_file = file;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers, with the headers that Go's net/http/pprof gives them. */
#ifndef UI_HTTP_REPLY_H
#define UI_HTTP_REPLY_H

#include <microhttpd.h>

#include "base/buf.h"
#include "http_request.h"

/* A sentence, which `go tool pprof` shows to its user.  NULL, all: no memory. */
struct MHD_Response *http_reply_error(unsigned int status, const char *text);

/* The @size bytes are copied; @type as the header has it. */
struct MHD_Response *http_reply_bytes(const char *type, const void *data, size_t size);

/* The answer to @request, called @name, as it is in the file @fd, which is taken. */
struct MHD_Response *http_reply_profile(const struct serve_request *request, const char *name,
					int fd);

/* The same without a body. */
struct MHD_Response *http_reply_empty(const struct serve_request *request, const char *name);

struct MHD_Response *http_reply_index(const struct serve_target *target, size_t n_threads);
struct MHD_Response *http_reply_moved(const char *to);

#endif /* UI_HTTP_REPLY_H */

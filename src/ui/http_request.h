/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a path and its parameters to what is asked for, by the rules of Go's net/http/pprof.  All of
 * it is strangers' text.
 */
#ifndef UI_HTTP_REQUEST_H
#define UI_HTTP_REQUEST_H

#include "base/array.h"
#include "ui/serve.h"

struct http_profile {
	const char *name;    /* "block": the last part of the path */
	const char *summary; /* as Go's index says it, for our meaning of it */
	enum serve_subject subject;
	enum serve_window window;
	uint32_t seconds; /* to collect, if not told */
	bool has_seconds; /* a difference over so many can be had, */
	bool has_debug;   /* and text */
	bool is_trace;    /* a timeline */
	bool is_hidden;   /* not in the index */
};

extern const struct http_profile http_profiles[]; /* ends with a row without a name */

enum http_page {
	HTTP_FRONT,  /* the list of processes, for people */
	HTTP_SCRIPT, /* and its parts */
	HTTP_STYLE,
	HTTP_PROCESSES, /* what it shows, as JSON */
	HTTP_INDEX,     /* of a target's profiles */
	HTTP_MOVED,     /* to the index: without its last slash */
	HTTP_CMDLINE,
	HTTP_SYMBOL,
	HTTP_PROFILE,
};

struct http_route {
	enum http_page page;
	struct serve_target target;
	const struct http_profile *profile; /* of HTTP_PROFILE */
};

/* @path is decoded.  0 or -ENOENT. */
int http_route(const char *path, struct http_route *ret);

struct http_params { /* decoded, as given; NULL: not */
	const char *seconds, *debug, *hz, *focus, *format, *last, *before, *max_samples;
};

enum http_type { HTTP_BINARY, HTTP_TEXT, HTTP_HTML, HTTP_SVG, HTTP_JSON };

/* What to collect for @route, all but the id.  0, or -EINVAL and a sentence. */
int http_request(const struct http_route *route, const struct http_params *params,
		 struct serve_request *ret, const char **ret_message);

struct http_addresses {
	ARRAY(uint64_t) list;
};

/*
 * "0x401136+0x401200", as Go reads it, which is terminated by NUL: what is no number is passed
 * over.  Added to @ret.  0, or -E2BIG: more than SERVE_MAX_ADDRESSES.
 */
int http_addresses(const char *text, size_t size, struct http_addresses *ret);

/* Of the answer to @request. */
enum http_type http_type(const struct serve_request *request);

#endif /* UI_HTTP_REQUEST_H */

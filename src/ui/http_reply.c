/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_reply.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/mem.h"

#define TEXT   "text/plain; charset=utf-8"
#define BINARY "application/octet-stream"
#define HTML   "text/html; charset=utf-8"
#define SVG    "image/svg+xml"
#define JSON   "application/json"
#define RETRY  "2" /* seconds */

/* The page of an export has a policy of its own, by the hashes of its parts; both hold. */
#define POLICY "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
#define PAGE_POLICY                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " \
	"frame-src 'self'; " POLICY

static void add(struct MHD_Response *response, const char *header, const char *value)
{
	MHD_add_response_header(response, header, value);
}

static void add_common(struct MHD_Response *response, const char *type)
{
	add(response, "Content-Type", type);
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "Cache-Control", "no-store");
	add(response, "Referrer-Policy", "no-referrer");
}

struct MHD_Response *http_reply_bytes(const char *type, const void *data, size_t size)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(size, (void *)data, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return NULL;
	add_common(response, type);
	add(response, "Content-Security-Policy", PAGE_POLICY);
	return response;
}

struct MHD_Response *http_reply_error(unsigned int status, const char *text)
{
	char *line = xasprintf("%s\n", text);
	struct MHD_Response *response = http_reply_bytes(TEXT, line, strlen(line));

	free(line);
	if (!response)
		return NULL;
	add(response, "X-Go-Pprof", "1");
	if (status == MHD_HTTP_TOO_MANY_REQUESTS)
		add(response, "Retry-After", RETRY);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		add(response, "Allow", "GET, HEAD");
	if (status == MHD_HTTP_UNAUTHORIZED)
		add(response, "WWW-Authenticate", "Bearer");
	return response;
}

static void add_disposition(struct MHD_Response *response, const struct serve_request *request,
			    const char *name)
{
	/* Go calls a difference so, but for what is one always. */
	bool is_delta = request->window == SERVE_FROM_NOW && request->subject != SERVE_CPU &&
			request->subject != SERVE_TRACE;
	char *value = xasprintf("attachment; filename=\"%s%s\"", name, is_delta ? "-delta" : "");

	add(response, "Content-Disposition", value);
	free(value);
}

static void add_of_profile(struct MHD_Response *response, const struct serve_request *request,
			   const char *name)
{
	static const char *const types[] = { BINARY, TEXT, HTML, SVG, JSON };
	enum http_type type = http_type(request);

	add_common(response, types[type]);
	add(response, "Content-Security-Policy", POLICY);
	if (type == HTTP_BINARY)
		add_disposition(response, request, name);
}

struct MHD_Response *http_reply_profile(const struct serve_request *request, const char *name,
					int fd)
{
	struct MHD_Response *response = NULL;
	struct stat st;

	if (!fstat(fd, &st))
		response = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
	if (response)
		add_of_profile(response, request, name);
	else
		close(fd);
	return response;
}

struct MHD_Response *http_reply_empty(const struct serve_request *request, const char *name)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (response)
		add_of_profile(response, request, name);
	return response;
}

struct MHD_Response *http_reply_moved(const char *to)
{
	struct MHD_Response *response = http_reply_bytes(TEXT, "", 0);

	if (response)
		add(response, "Location", to);
	return response;
}

static void put_html(struct buf *out, const char *text)
{
	struct buf fit = { 0 };

	escape_text(&fit, text, strlen(text));
	for (const char *c = buf_str(&fit); *c; c++) {
		if (strchr("&<>\"'", *c))
			buf_printf(out, "&#%d;", *c);
		else
			buf_add(out, c, 1);
	}
	buf_release(&fit);
}

static void put_target(struct buf *out, const struct serve_target *target)
{
	static const char *const words[] = {
		[SERVE_ALL] = "all that is served",
		[SERVE_PID] = "process ",
		[SERVE_COMM] = "processes called ",
		[SERVE_CGROUP] = "cgroup ",
	};

	buf_puts(out, words[target->scope]);
	if (target->scope == SERVE_PID)
		buf_printf(out, "%u", target->pid);
	else
		put_html(out, target->name);
}

static void put_row(struct buf *out, const char *name, const char *query, size_t count)
{
	buf_printf(out, "<tr>\n<td>%zu</td><td><a href='%s%s'>%s</a></td>\n</tr>\n", count, name,
		   query, name);
}

static bool counts_threads(const struct http_profile *profile)
{
	return profile->subject == SERVE_GOROUTINE || profile->subject == SERVE_THREADCREATE;
}

struct MHD_Response *http_reply_index(const struct serve_target *target, size_t n_threads)
{
	const struct http_profile *p;
	struct MHD_Response *response;
	struct buf out = { 0 };

	buf_puts(&out, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
		       "<title>/debug/pprof/</title>\n"
		       "<link rel=\"stylesheet\" href=\"/serve.css\">\n</head>\n<body>\n"
		       "<h1>/debug/pprof/</h1>\n<p>sysprof " SYSPROF_VERSION ": ");
	put_target(&out, target);
	buf_puts(&out, "</p>\n<p>Set debug=1 as a query parameter to export in text format</p>\n"
		       "<p>Types of profiles available:</p>\n<table>\n<thead><tr><td>Count</td>"
		       "<td>Profile</td></tr></thead>\n");
	put_row(&out, "cmdline", "", 0);
	put_row(&out, "symbol", "", 0);
	for (p = http_profiles; p->name; p++) {
		if (!p->is_hidden)
			put_row(&out, p->name, p->has_debug ? "?debug=1" : "",
				counts_threads(p) ? n_threads : 0);
	}
	buf_puts(&out, "</table>\n<p><a href=\"goroutine?debug=2\">full stack dump of the threads"
		       "</a><br>\n<a href=\"trace?seconds=5&amp;format=html\">5 seconds as a page: "
		       "timeline and flame graphs</a></p>\n<p>Profile Descriptions:</p>\n<ul>\n"
		       "<li><b>cmdline:</b> The command line invocation</li>\n"
		       "<li><b>symbol:</b> Names of addresses of a process, in the query or the "
		       "body: 0x401136+0x401200</li>\n");
	for (p = http_profiles; p->name; p++) {
		buf_printf(&out, "<li><b>%s:</b> ", p->name);
		put_html(&out, p->summary);
		buf_puts(&out, "</li>\n");
	}
	buf_puts(&out, "</ul>\n</body>\n</html>\n");
	response = http_reply_bytes(HTML, out.data, out.size);
	buf_release(&out);
	return response;
}

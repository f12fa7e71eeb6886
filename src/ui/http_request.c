/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_request.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define PPROF         "/debug/pprof"

const struct http_profile http_profiles[] = {
	{ "allocs", "Memory touched for the first time since watching began", SERVE_ALLOCS,
	  SERVE_CUMULATIVE, 5, true, true, false, false },
	{ "block", "Stack traces that led to waiting: for locks, the network, disks, sleep",
	  SERVE_BLOCK, SERVE_CUMULATIVE, 5, true, true, false, false },
	{ "delta_allocs", "What was touched since it was last asked for, and what is resident",
	  SERVE_ALLOCS, SERVE_SINCE_LAST, 5, true, true, false, true },
	{ "delta_block", "The same since it was last asked for", SERVE_BLOCK, SERVE_SINCE_LAST, 5,
	  true, true, false, true },
	{ "delta_heap", "What was touched since it was last asked for, and what is resident",
	  SERVE_HEAP, SERVE_SINCE_LAST, 5, true, true, false, true },
	{ "delta_mutex", "The same since it was last asked for", SERVE_MUTEX, SERVE_SINCE_LAST, 5,
	  true, true, false, true },
	{ "goroutine",
	  "Stack traces of all current threads. Use debug=2 as a query parameter for a text of "
	  "each",
	  SERVE_GOROUTINE, SERVE_SNAPSHOT, 1, true, true, false, false },
	{ "heap", "Memory that is resident, by who touched it first", SERVE_HEAP, SERVE_CUMULATIVE,
	  5, true, true, false, false },
	{ "mutex", "Stack traces of holders of contended locks", SERVE_MUTEX, SERVE_CUMULATIVE, 5,
	  true, true, false, false },
	{ "profile",
	  "CPU profile. You can specify the duration in the seconds GET parameter. After you get "
	  "the profile file, use the go tool pprof command to investigate the profile.",
	  SERVE_CPU, SERVE_FROM_NOW, 30, true, false, false, false },
	{ "threadcreate", "The threads there are; who made them was not seen", SERVE_THREADCREATE,
	  SERVE_SNAPSHOT, 1, true, true, false, false },
	{ "trace",
	  "A trace of what all threads do, as Chrome JSON for Perfetto (ui.perfetto.dev); "
	  "format=pftrace is smaller, format=html a page. The seconds GET parameter says how long. "
	  "`go tool trace` cannot read it.",
	  SERVE_TRACE, SERVE_FROM_NOW, 1, true, false, true, false },
	{ "diagnose", "What stands out, and where to look, as a text; format=json for programs",
	  SERVE_DIAGNOSE, SERVE_FROM_NOW, 10, true, false, false, false },
	{ "locks", "Locks, how often and long they were waited for, and who held them", SERVE_LOCKS,
	  SERVE_FROM_NOW, 10, true, false, false, false },
	{ "latency", "How long threads that could run waited for a CPU", SERVE_LATENCY,
	  SERVE_FROM_NOW, 10, true, false, false, false },
	{ "syscalls", "System calls, how many and how long", SERVE_SYSCALLS, SERVE_FROM_NOW, 10,
	  true, false, false, false },
	{ "threads", "What each thread did with its time", SERVE_THREADS, SERVE_FROM_NOW, 10, true,
	  false, false, false },
	{ 0 },
};

static int set_name(struct serve_target *target, enum serve_scope scope, const char *name,
		    size_t size)
{
	if (!size || size >= sizeof(target->name))
		return -ENOENT;
	target->scope = scope;
	memcpy(target->name, name, size);
	return 0;
}

/* "/pid/12", "/comm/redis-server", "/cgroup/system.slice/x", or nothing: of @size bytes. */
static int parse_target(const char *text, size_t size, struct serve_target *ret)
{
	char digits[16] = "";
	uint64_t pid;

	*ret = (struct serve_target){ .scope = SERVE_ALL };
	if (!size)
		return 0;
	if (size > 5 && size < 5 + sizeof(digits) && !strncmp(text, "/pid/", 5)) {
		memcpy(digits, text + 5, size - 5);
		if (human_parse_number(digits, 1, INT32_MAX, &pid))
			return -ENOENT;
		ret->scope = SERVE_PID;
		ret->pid = (uint32_t)pid;
		return 0;
	}
	if (size > 6 && !strncmp(text, "/comm/", 6))
		return set_name(ret, SERVE_COMM, text + 6, size - 6);
	if (size > 8 && !strncmp(text, "/cgroup/", 8)) /* the slash before the path is its own */
		return set_name(ret, SERVE_CGROUP, text + 7, size - 7);
	return -ENOENT;
}

static int route_pprof(const char *name, struct http_route *ret)
{
	const struct http_profile *profile;

	ret->page = !*name ? HTTP_MOVED : !strcmp(name, "/") ? HTTP_INDEX : HTTP_PROFILE;
	if (ret->page != HTTP_PROFILE)
		return 0;
	if (*name++ != '/')
		return -ENOENT;
	if (!strcmp(name, "cmdline")) {
		ret->page = HTTP_CMDLINE;
		return 0;
	}
	if (!strcmp(name, "symbol")) {
		ret->page = HTTP_SYMBOL;
		return 0;
	}
	for (profile = http_profiles; profile->name; profile++) {
		if (!strcmp(profile->name, name)) {
			ret->profile = profile;
			return 0;
		}
	}
	return -ENOENT;
}

/* The last one: names of processes and cgroups may hold anything. */
static const char *find_pprof(const char *path)
{
	const char *at, *last = NULL;

	for (at = strstr(path, PPROF); at; at = strstr(at + 1, PPROF)) {
		if (!at[strlen(PPROF)] || at[strlen(PPROF)] == '/')
			last = at;
	}
	return last;
}

int http_route(const char *path, struct http_route *ret)
{
	static const struct {
		const char *path;
		enum http_page page;
	} pages[] = {
		{ "/", HTTP_FRONT },
		{ "/serve.js", HTTP_SCRIPT },
		{ "/serve.css", HTTP_STYLE },
		{ "/processes", HTTP_PROCESSES },
	};
	const char *pprof = find_pprof(path);
	int error;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!strcmp(path, pages[i].path)) {
			ret->page = pages[i].page;
			return 0;
		}
	}
	if (!pprof)
		return -ENOENT;
	error = parse_target(path, (size_t)(pprof - path), &ret->target);
	return error ? error : route_pprof(pprof + strlen(PPROF), ret);
}

/* As Go takes the seconds of a CPU profile and a trace: what makes no sense is not there. */
static uint64_t lenient_ns(const char *text, bool is_whole, uint32_t otherwise)
{
	uint64_t whole;
	double seconds = NAN;
	char *end;

	if (text && is_whole && !human_parse_number(text, 1, UINT32_MAX, &whole))
		return whole * NS_PER_SECOND;
	if (text && !is_whole && (isdigit((unsigned char)*text) || *text == '.')) {
		seconds = strtod(text, &end);
		if (*end)
			seconds = NAN;
	}
	if (seconds > 1e-9 && seconds < (double)UINT32_MAX)
		return (uint64_t)(seconds * (double)NS_PER_SECOND);
	return otherwise * NS_PER_SECOND;
}

static int set_span(const struct http_profile *profile, const struct http_params *params,
		    struct serve_request *ret, const char **ret_message)
{
	uint64_t seconds;

	ret->span_ns = profile->seconds * NS_PER_SECOND;
	if (profile->window == SERVE_FROM_NOW && profile->has_seconds)
		ret->span_ns = lenient_ns(params->seconds, !profile->is_trace, profile->seconds);
	else if (params->seconds && !profile->has_seconds)
		*ret_message = "\"seconds\" parameter is not supported for this profile type";
	else if (params->seconds && human_parse_number(params->seconds, 1, UINT32_MAX, &seconds))
		*ret_message = "invalid value for \"seconds\" - must be a positive integer";
	else if (params->seconds && http_type(ret) == HTTP_TEXT)
		*ret_message = "seconds and debug params are incompatible";
	else if (params->seconds) {
		ret->window = SERVE_FROM_NOW;
		ret->span_ns = seconds * NS_PER_SECOND;
	}
	if (ret->span_ns > SERVE_MAX_NS)
		*ret_message = "profile duration exceeds this server's limit of 300 seconds";
	return *ret_message ? -EINVAL : 0;
}

struct format {
	const char *name;
	enum serve_form form;
};

static const struct format profile_formats[] = { { "pprof", SERVE_PPROF },
						 { "svg", SERVE_SVG },
						 { 0 } };
static const struct format trace_formats[] = {
	{ "chrome", SERVE_CHROME }, { "pftrace", SERVE_PFTRACE }, { "html", SERVE_HTML }, { 0 }
};

static const struct format table_formats[] = { { "text", SERVE_TEXT },
					       { "json", SERVE_JSON },
					       { 0 } };
static const struct format comparison_formats[] = { { "svg", SERVE_SVG },
						    { "text", SERVE_TEXT },
						    { 0 } };

/* The first is what it is if nobody says; what there is to choose from, as a sentence. */
static const struct format *formats_of(const struct http_profile *profile,
				       const struct http_params *params, const char **ret_message)
{
	if (profile->is_trace) {
		*ret_message = "no such format: there are chrome, pftrace, html";
		return trace_formats;
	}
	if (serve_is_table(profile->subject)) {
		*ret_message = "no such format: there are text, json";
		return table_formats;
	}
	if (params->before) {
		*ret_message = "no such format: of comparisons there are svg, text";
		return comparison_formats;
	}
	*ret_message = "no such format: there are pprof, svg";
	return profile_formats;
}

static int set_form(const struct http_profile *profile, const struct http_params *params,
		    struct serve_request *ret, const char **ret_message)
{
	const char *message;
	const struct format *format = formats_of(profile, params, &message);
	uint64_t debug;

	ret->form = format->form;
	if (params->format) {
		while (format->name && strcmp(format->name, params->format) != 0)
			format++;
		ret->form = format->form;
		if (!format->name)
			*ret_message = message;
	} else if (profile->has_debug && params->debug &&
		   !human_parse_number(params->debug, 1, UINT32_MAX, &debug)) {
		ret->form = debug > 1 && profile->subject == SERVE_GOROUTINE ? SERVE_STACKS :
									       SERVE_TEXT;
	}
	return *ret_message ? -EINVAL : 0;
}

/* Nobody looks back beyond what a collection lasts at most. */
static bool is_span(const char *text, uint64_t *ret_ns)
{
	uint64_t seconds;

	if (human_parse_number(text, 1, SERVE_MAX_NS / NS_PER_SECOND, &seconds))
		return false;
	*ret_ns = seconds * NS_PER_SECOND;
	return true;
}

static void set_before(const struct http_profile *profile, const struct http_params *params,
		       struct serve_request *ret, const char **ret_message)
{
	if (profile->is_trace || serve_is_table(profile->subject))
		*ret_message = "\"before\" compares stacks: of profile, block and mutex";
	else if (!is_span(params->before, &ret->before_ns))
		*ret_message = "invalid value for \"before\" - must be 1 to 300 seconds";
	else if (params->debug)
		*ret_message = "before and debug params are incompatible";
}

static int set_past(const struct http_profile *profile, const struct http_params *params,
		    struct serve_request *ret, const char **ret_message)
{
	if (!params->last && !params->before)
		return 0;
	ret->window = SERVE_PAST;
	if (!profile->has_seconds || profile->window == SERVE_SINCE_LAST || serve_is_state(ret))
		*ret_message = "\"last\" parameter is not supported for this profile type";
	else if (params->seconds)
		*ret_message = "\"seconds\" are the next, \"last\" the past ones: one at a time";
	else if (!params->last || !is_span(params->last, &ret->span_ns))
		*ret_message = "invalid value for \"last\" - must be 1 to 300 seconds";
	else if (params->before)
		set_before(profile, params, ret, ret_message);
	return *ret_message ? -EINVAL : 0;
}

/* Servers that collect profiles refuse what is larger than they want. */
static int set_max_samples(const struct http_params *params, struct serve_request *ret,
			   const char **ret_message)
{
	uint64_t n = 0;

	if (params->max_samples && human_parse_number(params->max_samples, 1, UINT32_MAX, &n))
		*ret_message = "invalid value for \"maxsamples\" - must be a positive integer";
	else if (params->max_samples &&
		 (ret->subject == SERVE_TRACE || serve_is_table(ret->subject)))
		*ret_message = "\"maxsamples\" is for profiles";
	ret->max_samples = (uint32_t)n;
	return *ret_message ? -EINVAL : 0;
}

static int set_words(const struct http_params *params, struct serve_request *ret,
		     const char **ret_message)
{
	uint64_t hz = 0;

	if (params->hz && human_parse_number(params->hz, 1, SERVE_MAX_HZ, &hz))
		*ret_message = "invalid value for \"hz\" - must be 1 to 10000";
	ret->hz = (uint32_t)hz;
	if (params->focus && strlen(params->focus) >= sizeof(ret->focus))
		*ret_message = "\"focus\" is too long";
	else if (params->focus)
		memcpy(ret->focus, params->focus, strlen(params->focus) + 1);
	if (ret->focus[0] && (ret->subject == SERVE_TRACE || serve_is_table(ret->subject)))
		*ret_message = "\"focus\" is for profiles: this has no stacks to leave out";
	return *ret_message ? -EINVAL : 0;
}

int http_request(const struct http_route *route, const struct http_params *params,
		 struct serve_request *ret, const char **ret_message)
{
	const struct http_profile *profile = route->profile;
	int error;

	*ret_message = NULL;
	*ret = (struct serve_request){
		.target = route->target,
		.subject = profile->subject,
		.window = profile->window,
	};
	error = set_form(profile, params, ret, ret_message);
	if (!error)
		error = set_span(profile, params, ret, ret_message);
	if (!error)
		error = set_past(profile, params, ret, ret_message);
	if (!error)
		error = set_max_samples(params, ret, ret_message);
	return error ? error : set_words(params, ret, ret_message);
}

int http_addresses(const char *text, size_t size, struct http_addresses *ret)
{
	const char *at = text, *end = text + size;

	while (at < end) {
		size_t n = strcspn(at, "+ \r\n");
		char *stop;
		uint64_t address = 0;

		if (n > (size_t)(end - at))
			n = (size_t)(end - at);
		if (n && isdigit((unsigned char)*at)) {
			address = strtoull(at, &stop, 0);
			address = stop == at + n ? address : 0;
		}
		if (address && ret->list.n >= SERVE_MAX_ADDRESSES)
			return -E2BIG;
		if (address)
			*array_add(&ret->list) = address;
		at += n + 1;
	}
	return 0;
}

enum http_type http_type(const struct serve_request *request)
{
	switch ((enum serve_form)request->form) {
	case SERVE_TEXT:
	case SERVE_STACKS:
		return HTTP_TEXT;
	case SERVE_HTML:
		return HTTP_HTML;
	case SERVE_SVG:
		return HTTP_SVG;
	case SERVE_JSON:
		return HTTP_JSON;
	default:
		return HTTP_BINARY;
	}
}

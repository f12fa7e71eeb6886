/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/filter.h"

#include <errno.h>

#include "base/escape.h"
#include "base/human.h"

#define CPU_MAX     65535
#define PATTERN_MAX 1000 /* bytes of a regular expression */
#define REPEATS_MAX 1000 /* all its {n,m} multiplied */

static int __attribute__((format(printf, 2, 3)))
refuse(struct buf *message, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup("bad filter");
	va_end(args);
	buf_clear(message);
	escape_text(message, text, strlen(text));
	free(text);
	return -EINVAL;
}

/* Cut the word off @text that ends at a comma; NULL at the end. */
static char *next_word(const char **text)
{
	const char *start = *text;
	size_t size;

	if (!start)
		return NULL;
	size = strcspn(start, ",");
	*text = start[size] ? start + size + 1 : NULL;
	return xstrndup(start, size);
}

/* Read "NAME|ID,…" into the processes or, as @threads, into the threads. */
static int set_who(struct filter *filter, bool threads, const char *value, struct buf *message)
{
	char *word;

	while ((word = next_word(&value))) {
		struct filter_who who = { .name = word };
		uint64_t id = 0;

		who.is_id = !human_parse_number(word, 0, UINT32_MAX, &id);
		who.id = (uint32_t)id;

		if (!*word) {
			free(word);
			return refuse(message, threads ? "a thread needs a name or a TID" :
							 "a process needs a name or a PID");
		}
		if (threads)
			*array_add(&filter->threads) = who;
		else
			*array_add(&filter->processes) = who;
	}
	return 0;
}

static int set_processes(struct filter *filter, const char *value, struct buf *message)
{
	return set_who(filter, false, value, message);
}

static int set_threads(struct filter *filter, const char *value, struct buf *message)
{
	return set_who(filter, true, value, message);
}

/* "3" or "3-5", cut at the dash in place. */
static bool parse_cpus(char *word, struct filter_cpus *ret)
{
	char *dash = strchr(word, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (human_parse_number(word, 0, CPU_MAX, &first))
		return false;
	last = first;
	if (dash && human_parse_number(dash + 1, first, CPU_MAX, &last))
		return false;
	*ret = (struct filter_cpus){ (uint32_t)first, (uint32_t)last };
	return true;
}

static int set_cpus(struct filter *filter, const char *value, struct buf *message)
{
	const char *rest = value;
	char *word;

	while ((word = next_word(&rest))) {
		struct filter_cpus cpus;
		bool good = parse_cpus(word, &cpus);

		free(word);
		if (!good)
			return refuse(message, "'%s' is no list of CPUs such as 0,2-3", value);
		*array_add(&filter->cpus) = cpus;
	}
	return 0;
}

static int parse_time(const char *value, int64_t *ret_ns, struct buf *message)
{
	bool is_negative = *value == '-';
	uint64_t span_ns;

	if (human_parse_duration(value + is_negative, &span_ns))
		return refuse(message, "'%s' is no time span such as 1.5s, 200ms or -2s", value);
	*ret_ns = is_negative ? -(int64_t)span_ns : (int64_t)span_ns;
	return 0;
}

static int set_since(struct filter *filter, const char *value, struct buf *message)
{
	filter->has_since = true;
	return parse_time(value, &filter->since_ns, message);
}

static int set_until(struct filter *filter, const char *value, struct buf *message)
{
	filter->has_until = true;
	return parse_time(value, &filter->until_ns, message);
}

/*
 * Whether compiling or matching @pattern could take for ever: repetitions multiply
 * the states of the automaton, references back make it try all ways.  Patterns may
 * come from a web page.
 */
static bool is_costly(const char *pattern)
{
	unsigned long states = 1;

	if (strlen(pattern) > PATTERN_MAX)
		return true;
	for (; *pattern; pattern++) {
		if (*pattern == '\\') {
			if (pattern[1] >= '1' && pattern[1] <= '9')
				return true;
			pattern += pattern[1] != '\0';
		} else if (*pattern == '{') {
			const char *last = pattern + strcspn(pattern, ",}");

			if (*last == ',' && last[1] != '}')
				last++;
			else
				last = pattern + 1;
			states *= 1 + strtoul(last, NULL, 10) % 100000;
			if (states > REPEATS_MAX)
				return true;
		}
	}
	return false;
}

static int set_regex(regex_t *regex, bool *has, const char *value, struct buf *message)
{
	char why[128];
	int error;

	if (*has)
		regfree(regex);
	*has = false;
	if (is_costly(value))
		return refuse(message, "'%s' would take too long to match", value);
	error = regcomp(regex, value, REG_EXTENDED | REG_NOSUB);
	*has = !error;
	if (!error)
		return 0;
	regerror(error, regex, why, sizeof(why));
	return refuse(message, "'%s' is no regular expression: %s", value, why);
}

static int set_focus(struct filter *filter, const char *value, struct buf *message)
{
	return set_regex(&filter->focus, &filter->has_focus, value, message);
}

static int set_ignore(struct filter *filter, const char *value, struct buf *message)
{
	return set_regex(&filter->ignore, &filter->has_ignore, value, message);
}

static int set_no_kernel(struct filter *filter, const char *value, struct buf *message)
{
	(void)value, (void)message;
	filter->no_kernel = true;
	return 0;
}

static int set_idle(struct filter *filter, const char *value, struct buf *message)
{
	(void)value, (void)message;
	filter->with_idle = true;
	return 0;
}

static int add_wait(struct filter *filter, const char *word)
{
	for (unsigned int why = 0; why < WAIT_N_CLASSES; why++) {
		if (!strcmp(wait_class_name(why), word)) {
			filter->waits |= 1u << why;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_waits(struct filter *filter, const char *value, struct buf *message)
{
	const char *rest = value;
	struct buf names = { 0 };
	int error = 0;
	char *word;

	while (!error && (word = next_word(&rest))) {
		error = add_wait(filter, word);
		free(word);
	}
	for (unsigned int why = 0; error && why < WAIT_N_CLASSES; why++)
		buf_printf(&names, "%s%s", why ? ", " : "", wait_class_name(why));
	if (error)
		refuse(message, "no class of waits is called '%s'; there are: %s", value,
		       buf_str(&names));
	buf_release(&names);
	return error;
}

static int set_lock(struct filter *filter, const char *value, struct buf *message)
{
	(void)message;
	free(filter->lock);
	filter->lock = xstrdup(value);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct filter *filter, const char *value, struct buf *message);
} setters[] = {
	{ "process", set_processes }, { "thread", set_threads },      { "cpu", set_cpus },
	{ "since", set_since },       { "until", set_until },         { "focus", set_focus },
	{ "ignore", set_ignore },     { "no-kernel", set_no_kernel }, { "wait", set_waits },
	{ "idle", set_idle },         { "lock", set_lock },
};

int filter_set(struct filter *filter, const char *name, const char *value, struct buf *message)
{
	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		int error;

		if (strcmp(setters[i].name, name))
			continue;
		error = setters[i].set(filter, value, message);
		if (error)
			return error;
		buf_puts(&filter->text, filter->text.size ? " " : "");
		buf_puts(&filter->text, name);
		buf_printf(&filter->arguments, " --%s", name);
		if (value && setters[i].set != set_no_kernel && setters[i].set != set_idle) {
			buf_puts(&filter->text, "=");
			escape_text(&filter->text, value, strlen(value));
			buf_puts(&filter->arguments, "=");
			escape_shell(&filter->arguments, value);
		}
		return 0;
	}
	refuse(message, "no filter is called '%s'", name);
	return -ENOENT;
}

bool filter_has_wait(const struct filter *filter, uint32_t why)
{
	return !filter->waits || (why < WAIT_N_CLASSES && filter->waits & 1u << why);
}

bool filter_is_empty(const struct filter *filter)
{
	return !filter->text.size && !filter->processes.n && !filter->threads.n;
}

bool filter_needs_window(const struct filter *filter)
{
	return filter->has_since || filter->has_until;
}

/* @offset from the start or, negative, from the end; never outside of the two. */
static uint64_t bound(uint64_t start_ns, uint64_t end_ns, int64_t offset_ns)
{
	uint64_t span = end_ns - start_ns;
	uint64_t distance = offset_ns < 0 ? 0 - (uint64_t)offset_ns : (uint64_t)offset_ns;

	if (offset_ns < 0)
		return distance < span ? end_ns - distance : start_ns;
	return distance < span ? start_ns + distance : end_ns;
}

void filter_bind(struct filter *filter, uint64_t start_ns, uint64_t end_ns)
{
	if (end_ns < start_ns)
		end_ns = start_ns;
	filter->from_ns = bound(start_ns, end_ns, filter->since_ns);
	filter->to_ns = bound(start_ns, end_ns, filter->until_ns);
}

bool filter_has_time(const struct filter *filter, uint64_t time_ns)
{
	return (!filter->has_since || time_ns >= filter->from_ns) &&
	       (!filter->has_until || time_ns < filter->to_ns);
}

void filter_clip(const struct filter *filter, uint64_t *start_ns, uint64_t *end_ns)
{
	if (filter->has_since && filter->from_ns > *start_ns)
		*start_ns = filter->from_ns;
	if (filter->has_until && filter->to_ns < *end_ns)
		*end_ns = filter->to_ns;
	if (*end_ns < *start_ns)
		*end_ns = *start_ns;
}

void filter_release(struct filter *filter)
{
	struct filter_who *who;

	array_for_each(who, &filter->processes)
		free(who->name);
	array_for_each(who, &filter->threads)
		free(who->name);
	array_release(&filter->processes);
	array_release(&filter->threads);
	array_release(&filter->cpus);
	if (filter->has_focus)
		regfree(&filter->focus);
	if (filter->has_ignore)
		regfree(&filter->ignore);
	free(filter->lock);
	buf_release(&filter->text);
	buf_release(&filter->arguments);
	*filter = (struct filter){ 0 };
}

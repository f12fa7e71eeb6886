/* SPDX-License-Identifier: GPL-2.0-only */
#include "disk_blame.h"

#include <string.h>

#include "base/human.h"

#define MOST_DEVICES  3
#define LEAST_PERCENT 5.0

/* "vda" of "/var/db on vda" and of "/dev/vda"; NULL: the object does not tell. */
static const char *device_of(const char *object)
{
	const char *device = NULL;

	for (const char *at = object; (at = strstr(at, " on ")); at++)
		device = at + strlen(" on ");
	if (!device && !strncmp(object, "/dev/", 5))
		device = object + 5;
	return device && *device ? device : NULL;
}

static void put_devices(struct buf *out, struct names *names, struct map *devices, int64_t total_ns)
{
	const char *before = "; for ";

	for (int i = 0; i < MOST_DEVICES; i++) {
		int64_t ns;
		uint32_t device = (uint32_t)blame_take(devices, &ns);

		if (!ns || human_percent(ns, total_ns) < LEAST_PERCENT)
			return;
		buf_printf(out, "%s%s (%.0f%%)", before,
			   device ? names_text(names, device) : "a device not known",
			   human_percent(ns, total_ns));
		before = ", ";
	}
}

void disk_blame(struct buf *out, struct names *names, const struct model *model,
		const blame_rows *rows)
{
	const struct dictionary *dict = model_dictionary(model);
	int64_t n = 0, total_ns = 0, max_ns = 0;
	const struct wait_row *const *row;
	struct map devices = { 0 };
	char text[HUMAN_SIZE];

	array_for_each(row, rows) {
		const char *device = device_of(dictionary_string(dict, (*row)->place.object));

		n = value_add(n, (*row)->n);
		total_ns = value_add(total_ns, (*row)->ns);
		max_ns = (*row)->max_ns > max_ns ? (*row)->max_ns : max_ns;
		blame_add(&devices, device ? names_intern(names, device) : 0, (*row)->ns);
	}
	if (n) {
		buf_printf(out, "%s wait%s", human_count(text, (uint64_t)n), n == 1 ? "" : "s");
		buf_printf(out, " of %s on average",
			   human_duration(text, (uint64_t)(total_ns / n)));
		buf_printf(out, ", the longest %s", human_duration(text, (uint64_t)max_ns));
		put_devices(out, names, &devices, total_ns);
	}
	map_release(&devices);
}

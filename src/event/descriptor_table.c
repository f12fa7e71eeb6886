/* SPDX-License-Identifier: GPL-2.0-only */
#include "descriptor_table.h"

#include <stdlib.h>

void descriptor_table_add(struct descriptor_table *table, const struct event_descriptor *row)
{
	*array_add(&table->rows) = *row;
	table->is_unsorted = true;
}

static int compare(const void *a, const void *b)
{
	const struct event_descriptor *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* The last row that is not behind that of @pid and @fd which begins at @time_ns. */
uint32_t descriptor_table_find(struct descriptor_table *table, uint32_t pid, uint32_t fd,
			       uint64_t time_ns)
{
	const struct event_descriptor at = { .pid = pid, .fd = fd, .start_ns = time_ns }, *row;
	size_t first = 0, n = table->rows.n;

	if (table->is_unsorted)
		qsort(table->rows.items, n, sizeof(*row), compare);
	table->is_unsorted = false;
	for (; n; n /= 2) {
		if (compare(&table->rows.items[first + n / 2], &at) <= 0) {
			first += n / 2 + 1;
			n--;
		}
	}
	row = first ? &table->rows.items[first - 1] : &at;
	return row->pid == pid && row->fd == fd && time_ns - row->start_ns <= row->length_ns ?
		       row->object :
		       0;
}

void descriptor_table_release(struct descriptor_table *table)
{
	array_release(&table->rows);
}

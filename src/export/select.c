/* SPDX-License-Identifier: GPL-2.0-only */
#include "select.h"

#include <errno.h>
#include <regex.h>

#include "base/escape.h"
#include "model/names.h"
#include "model/table.h"

static const char *name_of(const struct tree *tree, size_t label)
{
	return names_text(tree->profile->names, tree->labels.items[label].name);
}

static void add_equal(const struct tree *tree, const char *word, struct selection *ret)
{
	for (size_t i = 0; i < tree->labels.n; i++) {
		if (!strcmp(name_of(tree, i), word))
			*array_add(&ret->labels) = (uint32_t)i;
	}
}

static int add_matching(const struct tree *tree, const char *word, struct selection *ret,
			struct buf *message)
{
	char why[128];
	regex_t regex;
	int error = regcomp(&regex, word, REG_EXTENDED | REG_NOSUB);

	if (error) {
		regerror(error, &regex, why, sizeof(why));
		buf_printf(message, "'%s' is no function and no regular expression: %s", word, why);
		return -EINVAL;
	}
	for (size_t i = 0; i < tree->labels.n; i++) {
		if (!regexec(&regex, name_of(tree, i), 0, NULL, 0))
			*array_add(&ret->labels) = (uint32_t)i;
	}
	regfree(&regex);
	return 0;
}

struct order {
	const struct table *table;
	size_t type;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int64_t x = order->table->rows.items[i].cum[order->type];
	int64_t y = order->table->rows.items[k].cum[order->type];

	if (x != y)
		return x < y ? 1 : -1;
	return i < k ? -1 : i > k;
}

int select_labels(const struct tree *tree, const char *word, size_t type, struct selection *ret,
		  struct buf *message)
{
	struct selection selection = { 0 };
	struct order order = { .type = type };
	struct table table;
	int error;

	add_equal(tree, word, &selection);
	error = selection.labels.n ? 0 : add_matching(tree, word, &selection, message);
	if (error)
		return error;
	if (!selection.labels.n) {
		buf_printf(message,
			   "no function on the profile's stacks is called '%s' or matches "
			   "it",
			   word);
		return -ENOENT;
	}
	table_from_tree(&table, tree);
	order.table = &table;
	qsort_r(selection.labels.items, selection.labels.n, sizeof(*selection.labels.items),
		compare, &order);
	table_release(&table);
	*ret = selection;
	return 0;
}

void selection_release(struct selection *selection)
{
	array_release(&selection->labels);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "listeners.h"

#include <stdlib.h>
#include <string.h>

#define LISTENING " (listening)"
#define TCP       "tcp "

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* Where " (listening)" is, as the end of a name or with others behind; or NULL. */
static const char *find_listening(const char *object)
{
	const char *at = strstr(object, LISTENING), *behind = at ? at + strlen(LISTENING) : NULL;

	return at && (!*behind || !strcmp(behind, " among them")) ? at : NULL;
}

/* The port of the address that ends before @end; 0: there is none. */
static uint64_t port_before(const char *start, const char *end)
{
	const char *colon = memrchr(start, ':', (size_t)(end - start));

	return colon ? strtoul(colon + 1, NULL, 10) : 0;
}

void listeners_add(struct listeners *listeners, const char *object)
{
	const char *end = find_listening(object), *tcp = strstr(object, TCP);
	uint64_t port = end && tcp && tcp < end ? port_before(tcp, end) : 0;

	if (port)
		*map_insert(&listeners->ports, port) = 1;
}

bool listeners_serve(const struct listeners *listeners, const char *object)
{
	const char *arrow;

	if (find_listening(object))
		return true;
	arrow = begins(object, TCP) ? strstr(object, " → ") : NULL;
	return arrow && map_find(&listeners->ports, port_before(object, arrow));
}

void listeners_release(struct listeners *listeners)
{
	map_release(&listeners->ports);
}

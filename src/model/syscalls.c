/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/syscalls.h"

#include <string.h>

#include "base/mem.h"

const struct syscall_form *syscall_form_in(const struct model *model, uint32_t nr)
{
	const char *machine = dictionary_meta(model_dictionary(model), "machine");

	return machine && strcmp(machine, "x86_64") ? NULL : syscall_form(nr);
}

const char *syscall_name(const struct model *model, uint32_t nr)
{
	const struct syscall_form *form = syscall_form_in(model, nr);

	return form ? form->name : NULL;
}

char *syscall_text(const struct model *model, uint32_t nr)
{
	const char *name = syscall_name(model, nr);

	return name ? xstrdup(name) : xasprintf("syscall_%u", nr);
}

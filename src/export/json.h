/* SPDX-License-Identifier: GPL-2.0-only */
/* What every document for programs holds; sysprof-report(1) has the keys. */
#ifndef EXPORT_JSON_H
#define EXPORT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "model/audit.h"
#include "model/model.h"

json_t *json_number(uint64_t value);
/* "" leaves @key out. */
void json_set_text(json_t *object, const char *key, const char *value);
json_t *json_recording(const struct model *model);
json_t *json_lines(const struct audit *audit); /* NULL: none */
json_t *json_audit(const struct model *model, const struct audit *audit);

/* Writes and frees @root.  0 or -errno. */
int json_finish(json_t *root, FILE *out);

#endif /* EXPORT_JSON_H */

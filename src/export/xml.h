/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that others wrote as the content of an XML element. */
#ifndef EXPORT_XML_H
#define EXPORT_XML_H

#include <stdio.h>

/*
 * Write @text, valid UTF-8 as base/escape.h makes it: what is markup becomes references,
 * what XML forbids and bidirectional controls, \xNN as there.  Line ends stay.
 */
void xml_text(FILE *out, const char *text);

#endif /* EXPORT_XML_H */

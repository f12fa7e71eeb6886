/* SPDX-License-Identifier: GPL-2.0-only */
/* A gzip stream into a FILE that protobuf-c can append to. */
#ifndef EXPORT_GZIP_H
#define EXPORT_GZIP_H

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <zlib.h>

#include "base/buf.h"

struct gzip {
	ProtobufCBuffer buffer; /* first: what protobuf-c knows of it */
	z_stream stream;
	struct buf pending; /* not deflated yet */
	FILE *out;          /* borrowed */
	int error;          /* 0, or the first -errno */
};

void gzip_init(struct gzip *gzip, FILE *out);

/* Write what is left and the trailer.  0, or the first -errno. */
int gzip_finish(struct gzip *gzip);

#endif /* EXPORT_GZIP_H */

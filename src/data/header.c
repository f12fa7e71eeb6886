/* SPDX-License-Identifier: GPL-2.0-only */
#include "header.h"

#include <endian.h>
#include <errno.h>
#include <zlib.h>

#include "base/mem.h"

/* Not text, and spoilt by a transfer as text. */
static const unsigned char magic[8] = { 0x9f, 'S', 'Y', 'S', 'P', 'R', '\r', '\n' };

struct file_header { /* as on disk, little-endian */
	unsigned char magic[8];
	uint32_t version;
	uint32_t reserved[2]; /* 0 */
	uint32_t crc;         /* of the fields above */
};
_Static_assert(sizeof(struct file_header) == FILE_HEADER_BYTES, "as in sysprof.data(5)");

static uint32_t header_crc(const struct file_header *h)
{
	return (uint32_t)crc32(0, (const void *)h, offsetof(struct file_header, crc));
}

void file_header_encode(unsigned char ret[FILE_HEADER_BYTES])
{
	struct file_header h = { .version = htole32(FILE_VERSION) };

	memcpy(h.magic, magic, sizeof(magic));
	h.crc = htole32(header_crc(&h));
	memcpy(ret, &h, sizeof(h));
}

int file_header_decode(const void *data, size_t size)
{
	struct file_header h;

	if (memcmp(data, magic, size < sizeof(magic) ? size : sizeof(magic)))
		return -EINVAL;
	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	if (le32toh(h.crc) != header_crc(&h) || !h.version || le32toh(h.version) > INT32_MAX)
		return -EBADMSG;
	return (int)le32toh(h.version);
}

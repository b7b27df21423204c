// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_hash_crc.h>

#define MAX_RECORD (256u << 20)
#define PAGE_BYTES 4096 // what the kernel writes at least as a whole

struct header {
	char magic[4];
	uint32_t copy; // 0 or 1
	uint32_t len;  // of the payload that follows
	uint32_t payload_crc;
	uint32_t header_crc; // of the members above
};

static const char magic[4] = { 'W', 'F', 'T', 'J' };

// CRC32C of bytes without alignment.
static uint32_t
crc(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = rte_hash_crc_8byte(word, sum);
	}
	for (; len; len--, p++)
		sum = rte_hash_crc_1byte(*p, sum);
	return sum;
}

static uint32_t
header_crc(const struct header *h)
{
	return crc(h, offsetof(struct header, header_crc));
}

// Whether a copy's header is at OFFSET; reads it into H.
static bool
read_header(const struct weft_journal_image *image, size_t offset, struct header *h)
{
	if (offset > image->size || image->size - offset < sizeof(*h))
		return false;
	memcpy(h, image->data + offset, sizeof(*h));
	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->copy <= 1 && h->len <= MAX_RECORD &&
	       h->header_crc == header_crc(h);
}

// Whether the JSON behind the header H, at OFFSET, is undamaged.
static bool
is_whole(const struct weft_journal_image *image, size_t offset, const struct header *h)
{
	size_t from = offset + sizeof(*h);

	return h->len <= image->size - from && h->payload_crc == crc(image->data + from, h->len);
}

// Returns the offset of the next header from FROM on, and reads it into H; the image's size: there is none.
static size_t
next_header(const struct weft_journal_image *image, size_t from, struct header *h)
{
	for (; from + sizeof(*h) <= image->size; from++)
		if (memcmp(image->data + from, magic, sizeof(magic)) == 0 && read_header(image, from, h))
			return from;
	return image->size;
}

// JSON contains no zeros, so it contains no header, and only the first one behind OFFSET can be that of the second copy. So
// each byte is read a bounded number of times, whatever lies there.
const char *
weft_journal_read_record(
	const struct weft_journal_image *image, size_t offset, size_t *len, size_t *next, bool *damaged)
{
	struct header h;
	size_t at;

	if (read_header(image, offset, &h) && h.copy == 0 && is_whole(image, offset, &h)) {
		at = offset + sizeof(h) + h.len;
		*len = h.len;
		*next = at + sizeof(h) + h.len;
		if (!read_header(image, at, &h) || h.copy != 1 || !is_whole(image, at, &h))
			*damaged = true;
		return image->data + offset + sizeof(h);
	}
	at = next_header(image, offset + sizeof(h), &h);
	if (at == image->size || h.copy != 1 || at - offset != sizeof(h) + h.len || !is_whole(image, at, &h))
		return NULL;
	*damaged = true;
	*len = h.len;
	*next = at + sizeof(h) + h.len;
	return image->data + at + sizeof(h);
}

// Whether the header at TAIL, of which SIZE bytes are there, was only written in part: zeros follow to the end of the
// file or of a page. OFFSET: where TAIL is in the file.
static bool
is_torn_header(const char *tail, size_t size, size_t offset)
{
	size_t known = size < sizeof(struct header) ? size : sizeof(struct header), end;

	while (known && tail[known - 1] == 0)
		known--;
	end = (offset + known + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES - offset;
	for (size_t i = known; i < size && i < end; i++)
		if (tail[i])
			return false;
	return known < sizeof(struct header) && memcmp(tail, magic, known < sizeof(magic) ? known : sizeof(magic)) == 0;
}

bool
weft_journal_is_torn(const struct weft_journal_image *image, size_t offset)
{
	const char *tail = image->data + offset;
	size_t size = image->size - offset, at;
	struct header h;

	// Behind its first header there is at most that of its second copy.
	at = next_header(image, offset + 1, &h);
	if (at < image->size &&
		(h.copy != 1 || at - offset != sizeof(h) + h.len || next_header(image, at + 1, &h) < image->size))
		return false;
	if (!read_header(image, offset, &h) || h.copy)
		return is_torn_header(tail, size, offset);
	// JSON contains no zeros.
	return size <= 2 * (sizeof(h) + h.len) &&
	       (size - sizeof(h) < h.len || memchr(tail + sizeof(h), 0, h.len) != NULL);
}

static int
write_all(int fd, const void *data, size_t size, off_t at)
{
	size_t n = 0;

	while (n < size) {
		ssize_t put = pwrite(fd, (const char *)data + n, size - n, at + n);

		if (put <= 0)
			return put ? -errno : -EIO;
		n += put;
	}
	return 0;
}

int
weft_journal_write_record(int fd, const json_t *record, off_t *at)
{
	char *text = json_dumps(record, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	struct header h = { .len = len };
	int ret = text == NULL ? -ENOMEM : len > MAX_RECORD ? -EFBIG : 0;

	memcpy(h.magic, magic, sizeof(magic));
	h.payload_crc = crc(text, len);
	for (uint32_t copy = 0; ret == 0 && copy < 2; copy++) {
		h.copy = copy;
		h.header_crc = header_crc(&h);
		ret = write_all(fd, &h, sizeof(h), *at);
		if (ret == 0)
			ret = write_all(fd, text, len, *at + sizeof(h));
		*at += sizeof(h) + len;
	}
	free(text);
	return ret;
}

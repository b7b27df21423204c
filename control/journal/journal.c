// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Records on disk. Each stands there twice, one copy after the other, under a header with checksums (CRC32C). What one
// sync has reached was acknowledged; behind that there can be one torn record at most.
#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_hash_crc.h>

#define JOURNAL_FILE "journal"
#define MAX_RECORD   (256u << 20)
#define LONG_BYTES   (1u << 20) // shorter ones are not rewritten
#define LONG_TIMES   4		// nor those less than so many times as long as after the last time

struct header {
	char magic[4];
	uint32_t copy; // 0 or 1
	uint32_t len;  // of the payload that follows
	uint32_t payload_crc;
	uint32_t header_crc; // of what stands before it
};

static const char magic[4] = { 'W', 'F', 'T', 'J' };

struct weft_journal {
	char path[320];
	char dir[256];
	int fd;
	off_t size;
	off_t base; // size after the last rewriting
	bool broken;
	bool damaged; // a copy is missing: rewriting makes it good
};

struct image {
	const char *data;
	size_t size;
};

// CRC32C of bytes that may lie anywhere.
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

// Whether an undamaged copy number COPY stands at OFFSET; its header goes into H.
static bool
read_copy(const struct image *image, size_t offset, uint32_t copy, struct header *h)
{
	if (offset > image->size || image->size - offset < sizeof(*h))
		return false;
	memcpy(h, image->data + offset, sizeof(*h));
	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->copy == copy && h->header_crc == header_crc(h) &&
	       h->len <= image->size - offset - sizeof(*h) &&
	       h->payload_crc == crc(image->data + offset + sizeof(*h), h->len);
}

// The record at OFFSET: from its first copy, or from the second, which stands as far behind as it is long. Returns the
// payload, or NULL; NEXT gets what follows the record, DAMAGED whether a copy is missing.
static const char *
read_record(const struct image *image, size_t offset, size_t *len, size_t *next, bool *damaged)
{
	struct header h, other;

	if (read_copy(image, offset, 0, &h)) {
		*len = h.len;
		*next = offset + 2 * (sizeof(h) + h.len);
		if (!read_copy(image, offset + sizeof(h) + h.len, 1, &other))
			*damaged = true;
		return image->data + offset + sizeof(h);
	}
	for (size_t at = offset + sizeof(h); at + sizeof(h) <= image->size; at++) {
		if (memcmp(image->data + at, magic, sizeof(magic)) || !read_copy(image, at, 1, &h) ||
			at - offset != sizeof(h) + h.len)
			continue;
		*damaged = true;
		*len = h.len;
		*next = at + sizeof(h) + h.len;
		return image->data + at + sizeof(h);
	}
	return NULL;
}

// Whether any undamaged copy stands behind OFFSET: then what is there was not torn, but damaged later.
static bool
anything_behind(const struct image *image, size_t offset)
{
	struct header h;

	for (size_t at = offset + 1; at + sizeof(h) <= image->size; at++)
		if (memcmp(image->data + at, magic, sizeof(magic)) == 0 &&
			(read_copy(image, at, 0, &h) || read_copy(image, at, 1, &h)))
			return true;
	return false;
}

static int
replay_all(struct weft_journal *j, const struct image *image,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err)
{
	size_t offset = 0, len, next;
	bool damaged = false;

	while (offset < image->size) {
		const char *payload = read_record(image, offset, &len, &next, &damaged);
		json_t *record;
		int ret;

		if (payload == NULL)
			break;
		record = json_loadb(payload, len, 0, NULL);
		ret = record ? replay(arg, record, err)
			     : weft_fail(err, EBADMSG, "%s: byte %zu: no JSON", j->path, offset);
		json_decref(record);
		if (ret)
			return ret;
		offset = next > image->size ? image->size : next;
	}
	if (offset < image->size && anything_behind(image, offset))
		return weft_fail(err, EBADMSG,
			"%s is damaged at byte %zu, in both copies of a record, and records follow it: restore the "
			"file from a "
			"backup, or remove it and apply the policy again",
			j->path, offset);
	if (offset < image->size)
		WEFT_LOG(WARNING, "event=journal-torn file=%s byte=%zu cut=%zu", j->path, offset, image->size - offset);
	if (damaged)
		WEFT_LOG(WARNING, "event=journal-damaged file=%s repaired=from-copy", j->path);
	j->size = offset;
	j->base = offset;
	j->damaged = damaged;
	return 0;
}

static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int
read_file(int fd, struct image *image)
{
	struct stat st;
	char *data;
	size_t n = 0;

	if (fstat(fd, &st))
		return -errno;
	data = malloc(st.st_size + 1);
	if (data == NULL)
		return -ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t got = pread(fd, data + n, st.st_size - n, n);

		if (got <= 0) {
			free(data);
			return got ? -errno : -EIO;
		}
		n += got;
	}
	*image = (struct image){ .data = data, .size = n };
	return 0;
}

struct weft_journal *
weft_journal_open(const char *dir, int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg,
	struct weft_error *err)
{
	struct weft_journal *j = calloc(1, sizeof(*j));
	struct image image = { 0 };
	int ret = 0;

	if (j == NULL) {
		weft_fail(err, ENOMEM, "no memory for the journal");
		return NULL;
	}
	snprintf(j->dir, sizeof(j->dir), "%s", dir);
	snprintf(j->path, sizeof(j->path), "%s/" JOURNAL_FILE, dir);
	j->fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->fd < 0 || (ret = sync_dir(dir)) || (ret = read_file(j->fd, &image))) {
		ret = j->fd < 0 ? -errno : ret;
		weft_fail(err, -ret, "cannot read %s: %s", j->path, strerror(-ret));
	} else {
		ret = replay_all(j, &image, replay, arg, err);
	}
	if (ret == 0 && (size_t)j->size < image.size && (ftruncate(j->fd, j->size) || fsync(j->fd)))
		ret = weft_fail(err, errno, "cannot cut %s: %s", j->path, strerror(errno));
	free((void *)(uintptr_t)image.data);
	if (ret == 0)
		return j;
	weft_journal_close(j);
	errno = -ret;
	return NULL;
}

void
weft_journal_close(struct weft_journal *journal)
{
	if (journal && journal->fd >= 0)
		close(journal->fd);
	free(journal);
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

// Writes RECORD's two copies at AT, which moves on.
static int
write_record(int fd, const json_t *record, off_t *at)
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

int
weft_journal_append(struct weft_journal *j, const json_t *record, struct weft_error *err)
{
	off_t end = j->size;
	int ret = j->broken ? -EIO : write_record(j->fd, record, &end);

	if (ret == 0 && fdatasync(j->fd)) {
		// What a failed sync has left on the disk is not known: nothing is appended behind it.
		ret = -errno;
		j->broken = true;
	}
	if (ret == 0) {
		j->size = end;
		return 0;
	}
	if (ftruncate(j->fd, j->size))
		j->broken = true;
	return weft_fail(err, -ret, "cannot store the change in %s: %s; nothing was changed", j->path, strerror(-ret));
}

bool
weft_journal_is_long(const struct weft_journal *j)
{
	return j->damaged || (j->size > LONG_BYTES && j->size > j->base * LONG_TIMES);
}

int
weft_journal_rewrite(struct weft_journal *j, json_t *const *records, unsigned int n, struct weft_error *err)
{
	char path[340];
	off_t end = 0;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s.new", j->path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return weft_fail(err, errno, "cannot write %s: %s", path, strerror(errno));
	for (unsigned int i = 0; ret == 0 && i < n; i++)
		ret = write_record(fd, records[i], &end);
	if (ret == 0 && fsync(fd))
		ret = -errno;
	if (ret == 0 && rename(path, j->path))
		ret = -errno;
	if (ret) {
		close(fd);
		unlink(path);
		return weft_fail(err, -ret, "cannot write %s: %s", path, strerror(-ret));
	}
	close(j->fd);
	j->fd = fd;
	j->size = j->base = end;
	j->broken = j->damaged = false;
	// The new file holds what the old one did: whichever a crash leaves is right.
	ret = sync_dir(j->dir);
	return ret ? weft_fail(err, -ret, "cannot sync %s: %s", j->dir, strerror(-ret)) : 0;
}

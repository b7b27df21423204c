// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"

#define JOURNAL_FILE "journal"
// A journal is rewritten when it is longer than LONG_BYTES, and LONG_TIMES as long as after the last rewriting.
#define LONG_BYTES (1u << 20)
#define LONG_TIMES 4

struct weft_journal {
	char path[320];
	char dir[256];
	int fd;
	off_t size;
	off_t base;   // size after the last rewriting
	bool broken;  // a sync has failed: nothing can be appended
	bool damaged; // a copy is damaged: rewriting repairs it
};

static int
replay_all(struct weft_journal *j, const struct weft_journal_image *image,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err)
{
	size_t offset = 0, len, next;
	bool damaged = false;

	while (offset < image->size) {
		const char *payload = weft_journal_read_record(image, offset, &len, &next, &damaged);
		json_t *record;
		int ret;

		if (payload == NULL)
			break;
		record = json_loadb(payload, len, 0, NULL);
		ret = record ? replay(arg, record, err)
			     : weft_fail(err, EBADMSG, "%s: byte %zu: not JSON", j->path, offset);
		json_decref(record);
		if (ret)
			return ret;
		offset = next > image->size ? image->size : next;
	}
	if (offset < image->size && weft_journal_has_record_behind(image, offset))
		return weft_fail(err, EBADMSG,
			"%s is damaged at byte %zu, in both copies of a record, and records follow it: restore the "
			"file from a backup, or remove it and apply the policy again",
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
read_file(int fd, struct weft_journal_image *image)
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
	*image = (struct weft_journal_image){ .data = data, .size = n };
	return 0;
}

struct weft_journal *
weft_journal_open(const char *dir, int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg,
	struct weft_error *err)
{
	struct weft_journal *j = calloc(1, sizeof(*j));
	struct weft_journal_image image = { 0 };
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

int
weft_journal_append(struct weft_journal *j, const json_t *record, struct weft_error *err)
{
	off_t end = j->size;
	int ret = j->broken ? -EIO : weft_journal_write_record(j->fd, record, &end);

	if (ret == 0 && fdatasync(j->fd)) {
		// A failed sync may have written anything, so nothing is appended after it.
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
		ret = weft_journal_write_record(fd, records[i], &end);
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
	// Both files have the same policy, so after a crash either of them is right.
	ret = sync_dir(j->dir);
	return ret ? weft_fail(err, -ret, "cannot sync %s: %s", j->dir, strerror(-ret)) : 0;
}

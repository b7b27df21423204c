// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/file.h"

#include "record.h"

#define JOURNAL_FILE "journal"
#define MAX_JOURNAL  (UINT64_C(4) << 30) // bytes
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

// The first record of a new journal: no policy. So a journal is never empty.
static json_t *
no_policy(void)
{
	return json_pack("{s:i, s:{}}", "generation", 0, "objects");
}

// Both copies of the record at OFFSET of SIZE bytes are damaged: whatever follows, weftd must not go on without it.
static int
refuse(const struct weft_journal *j, size_t size, size_t offset, struct weft_error *err)
{
	if (size == 0)
		return weft_fail(err, EBADMSG,
			"%s is empty, and weft's journal never is, except one that an older weftd made on a host without a "
			"policy: restore the file from a backup, or type 'rm %s' to begin with nothing, and apply the policy "
			"again",
			j->path, j->path);
	if (offset == 0)
		return weft_fail(err, EBADMSG,
			"%s is damaged at byte 0, or is no journal of weft's: restore the file from a backup, or type 'mv %s "
			"%s.bad' to begin with nothing, and apply the policy again",
			j->path, j->path, j->path);
	return weft_fail(err, EBADMSG,
		"%s is damaged at byte %zu, in both copies of a record: restore the file from a backup, or type 'truncate "
		"-s %zu %s' to keep the records before it, and apply the policy again",
		j->path, offset, offset, j->path);
}

// Calls REPLAY with the record at OFFSET, whose JSON is PAYLOAD.
static int
replay_one(const struct weft_journal *j, size_t offset, const char *payload, size_t len,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err)
{
	json_t *record = json_loadb(payload, len, 0, NULL);
	struct weft_error why = { "it is not JSON" };
	int ret = record ? replay(arg, record, &why) : -EBADMSG;

	json_decref(record);
	if (ret)
		return weft_fail(err, -ret,
			"%s: the record at byte %zu: %.200s; restore the file from a backup, or move it away to begin with "
			"nothing, and apply the policy again",
			j->path, offset, why.text);
	return 0;
}

static int
replay_all(struct weft_journal *j, const struct weft_journal_image *image,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err)
{
	size_t offset = 0, len, next;
	bool damaged = false;

	while (offset < image->size) {
		const char *payload = weft_journal_read_record(image, offset, &len, &next, &damaged);
		int ret;

		if (payload == NULL)
			break;
		ret = replay_one(j, offset, payload, len, replay, arg, err);
		if (ret)
			return ret;
		offset = next > image->size ? image->size : next;
	}
	// The first record comes into the file as a whole.
	if (offset == 0 || (offset < image->size && !weft_journal_is_torn(image, offset)))
		return refuse(j, image->size, offset, err);
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

// Opens the journal, which is there, and replays it.
static int
open_old(struct weft_journal *j, int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg,
	struct weft_error *err)
{
	struct weft_journal_image image = { 0 };
	const char *why = "";
	int ret;

	j->fd = weft_file_open(j->path, O_RDWR, 0, MAX_JOURNAL, &image.size, &why);
	if (j->fd >= 0 && (image.data = weft_file_content(j->fd, image.size)) == NULL)
		why = strerror(errno);
	if (image.data == NULL)
		return weft_fail(err, errno, "cannot read %s: %s; move it away to begin with nothing", j->path, why);
	// What weftd has read must still be there after a crash.
	if ((ret = sync_dir(j->dir)))
		weft_fail(err, -ret, "cannot sync %s: %s", j->dir, strerror(-ret));
	else
		ret = replay_all(j, &image, replay, arg, err);
	if (ret == 0 && (size_t)j->size < image.size && (ftruncate(j->fd, j->size) || fsync(j->fd)))
		ret = weft_fail(err, errno, "cannot cut %s: %s", j->path, strerror(errno));
	free((void *)(uintptr_t)image.data);
	return ret;
}

static int
open_new(struct weft_journal *j, struct weft_error *err)
{
	json_t *first = no_policy();
	int ret = weft_journal_rewrite(j, &first, 1, err);

	json_decref(first);
	if (ret == 0)
		WEFT_LOG(NOTICE, "event=journal-new file=%s", j->path);
	return ret;
}

struct weft_journal *
weft_journal_open(const char *dir, int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg,
	struct weft_error *err)
{
	struct weft_journal *j = calloc(1, sizeof(*j));
	struct stat st;
	int ret;

	if (j == NULL) {
		weft_fail(err, ENOMEM, "no memory for the journal");
		return NULL;
	}
	j->fd = -1;
	snprintf(j->dir, sizeof(j->dir), "%s", dir);
	snprintf(j->path, sizeof(j->path), "%s/" JOURNAL_FILE, dir);
	ret = lstat(j->path, &st) && errno == ENOENT ? open_new(j, err) : open_old(j, replay, arg, err);
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
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->size = j->base = end;
	j->broken = j->damaged = false;
	// Both files have the same policy, so after a crash either of them is right.
	ret = sync_dir(j->dir);
	return ret ? weft_fail(err, -ret, "cannot sync %s: %s", j->dir, strerror(-ret)) : 0;
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

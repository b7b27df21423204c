// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Files that an operator names or that weft has written itself. What lies in a file's place may be something else: a
// FIFO or a device must not block the caller or feed it without end. Every function may be called on every thread
// except a worker.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// What lies in a file's place, for errors; NULL: a regular file.
static inline const char *
weft_file_type(mode_t mode)
{
	return S_ISREG(mode)	? NULL
	       : S_ISDIR(mode)	? "it is a folder, not a file"
	       : S_ISFIFO(mode) ? "it is a FIFO, not a file"
	       : S_ISSOCK(mode) ? "it is a socket, not a file"
				: "it is a device, not a file";
}

// Opens the regular file PATH with FLAGS, and MODE if they create it. Returns its descriptor, or -1 with errno, and then
// *WHY says for people what is wrong. It never waits. *SIZE becomes the file's size in bytes, at most MOST.
static inline int
weft_file_open(const char *path, int flags, mode_t mode, size_t most, size_t *size, const char **why)
{
	struct stat st;
	int fd = -1;

	// Opening a device may do something, so what is known not to be a file is not opened.
	*why = stat(path, &st) == 0 ? weft_file_type(st.st_mode) : NULL;
	errno = EINVAL;
	if (*why == NULL && (fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)) >= 0) {
		*why = fstat(fd, &st) ? strerror(errno) : weft_file_type(st.st_mode);
		if (*why == NULL && (size_t)st.st_size > most) {
			errno = EFBIG;
			*why = strerror(errno);
		}
	} else if (*why == NULL) {
		*why = strerror(errno);
	}
	if (*why == NULL) {
		*size = (size_t)st.st_size;
		return fd;
	}
	if (fd >= 0) {
		int code = errno;

		close(fd);
		errno = code;
	}
	return -1;
}

// Returns the content of FD, of SIZE bytes: new memory with a zero behind it, or NULL with errno. A file that has been
// cut meanwhile is an error.
static inline char *
weft_file_content(int fd, size_t size)
{
	char *text = malloc(size + 1);

	for (size_t n = 0; text && n < size;) {
		ssize_t got = pread(fd, text + n, size - n, (off_t)n);

		if (got > 0) {
			n += (size_t)got;
			continue;
		}
		free(text);
		text = NULL;
		errno = got ? errno : EIO;
	}
	if (text)
		text[size] = 0;
	return text;
}

// Returns the content of the regular file PATH, of at most MOST bytes: new memory with a zero behind the *SIZE bytes.
// NULL with errno: it cannot be read, and *WHY says for people what is wrong.
static inline char *
weft_file_read(const char *path, size_t most, size_t *size, const char **why)
{
	int fd = weft_file_open(path, O_RDONLY, 0, most, size, why), code;
	char *text = fd < 0 ? NULL : weft_file_content(fd, *size);

	if (fd < 0)
		return NULL;
	code = errno;
	close(fd);
	if (text == NULL) {
		errno = code;
		*why = strerror(code);
	}
	return text;
}

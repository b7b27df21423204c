// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "window.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_PAGE 4096u
// A length in a ring has 32 bits: an address with a length added to it stays within the guard behind.
#define GUARD_BEHIND (UINT64_C(1) << 32)
#define GUARD_BEFORE (UINT64_C(1) << 24)
// Of the 128 TiB that a process can address, the rest is for everything else.
#define ADDRESSES (UINT64_C(96) << 40)
// Mappings and descriptors that windows leave to everything else.
#define OTHERS 4096
// Unmapped at a time: so other threads wait for less than a millisecond to map something.
#define CHUNK (UINT64_C(64) << 20)

static _Atomic uint64_t used, used_bytes; // windows, and addresses that they take
static uint64_t most;

// A window takes up to three mappings (guard, part, guard), and its file's descriptor stays open.
static void
find_most(void)
{
	struct rlimit files = { 0 };
	uint64_t maps = 65530;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

	if (f && fscanf(f, "%lu", &maps) != 1)
		maps = 65530;
	if (f)
		fclose(f);
	getrlimit(RLIMIT_NOFILE, &files);
	maps = maps > 2 * OTHERS ? (maps - OTHERS) / 3 : OTHERS / 3;
	most = files.rlim_cur > 2 * OTHERS ? files.rlim_cur - OTHERS : files.rlim_cur / 2;
	most = most < maps ? most : maps;
}

bool
weft_window_allows(uint64_t n, uint64_t bytes, uint64_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t all = atomic_load(&used), all_bytes = atomic_load(&used_bytes);

	pthread_once(&once, find_most);
	// Windows that are being unmapped are counted, and not the port's any more.
	return all < most && (n + 1) * 4 <= most - (all - n) && all_bytes < ADDRESSES && size <= ADDRESSES &&
	       (bytes + size) * 4 <= ADDRESSES - (all_bytes - (bytes < all_bytes ? bytes : all_bytes));
}

// Only shmem and hugetlbfs know seals, and the kernel answers for them without a file system's help.
bool
weft_window_takes(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

// The size of FD's pages, or 0 with errno. fstat() comes second: on other files (FUSE) it may never return.
static uint64_t
page_of(int fd, uint64_t need)
{
	struct stat st;

	if (!weft_window_takes(fd) || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		errno = EMEDIUMTYPE;
		return 0;
	}
	if (st.st_size < 0 || (uint64_t)st.st_size < need) {
		errno = ERANGE;
		return 0;
	}
	return (uint64_t)st.st_blksize > SMALL_PAGE ? (uint64_t)st.st_blksize : SMALL_PAGE;
}

uint8_t *
weft_window_map(struct vhost_window *window, int fd, uint64_t offset, uint64_t size)
{
	uint64_t page, start, length;
	uintptr_t at;

	*window = (struct vhost_window){ .fd = -1 };
	if (size == 0 || offset + size < offset) {
		errno = EINVAL;
		return NULL;
	}
	page = page_of(fd, offset + size);
	if (page == 0)
		return NULL;
	start = offset & ~(page - 1);
	length = ((offset + size + page - 1) & ~(page - 1)) - start;
	window->size = GUARD_BEFORE + length + page + GUARD_BEHIND;
	window->base = mmap(NULL, window->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window->base == MAP_FAILED) {
		*window = (struct vhost_window){ .fd = -1 };
		return NULL;
	}
	atomic_fetch_add(&used, 1);
	atomic_fetch_add(&used_bytes, window->size);
	at = ((uintptr_t)window->base + GUARD_BEFORE + page - 1) & ~(uintptr_t)(page - 1);
	if (mmap((void *)at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd,
		    (off_t)start) == MAP_FAILED) {
		int saved = errno;

		weft_window_unmap(window);
		errno = saved;
		return NULL;
	}
	window->part = (void *)at;
	window->length = length;
	window->offset = offset;
	window->fd = fd;
	madvise(window->part, length, MADV_DONTDUMP);
	return (uint8_t *)at + (offset - start);
}

// munmap() alone keeps other threads from mapping while it takes the pages out.
static void
empty(const struct vhost_window *window)
{
	for (size_t done = 0; done < window->length; done += CHUNK) {
		size_t here = window->length - done < CHUNK ? window->length - done : CHUNK;

		madvise((uint8_t *)window->part + done, here, MADV_DONTNEED);
	}
}

void
weft_window_unmap(struct vhost_window *window)
{
	if (window->base == NULL)
		return;
	empty(window);
	munmap(window->base, window->size);
	if (window->fd >= 0)
		close(window->fd);
	atomic_fetch_sub(&used, 1);
	atomic_fetch_sub(&used_bytes, window->size);
	*window = (struct vhost_window){ 0 };
}

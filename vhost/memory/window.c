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
#define GIB	   (UINT64_C(1) << 30)
#define TIB	   (UINT64_C(1) << 40)
// A length in a ring has 32 bits: an address with a length added to it stays within the guard behind.
#define GUARD_BEHIND (UINT64_C(1) << 32)
#define GUARD_BEFORE (UINT64_C(1) << 24)
// Of the 128 TiB that a process can address, the rest is for everything else.
#define ADDRESSES (105 * TIB)
// Mappings and descriptors that windows leave to everything else.
#define OTHERS 4096
// Unmapped at a time: so other threads wait for less than a millisecond to map something.
#define CHUNK (UINT64_C(64) << 20)

// Each port has a share that nobody else can take: with 65,530 mappings and a fifth for all, 4,096 ports have one. A guest of
// 8 GiB in QEMU has three regions: 21 GiB with the guards. Hotplug adds a region for each DIMM, and a dirty log is none.
#define SHARE_WINDOWS 4
#define SHARE_BYTES   (21 * GIB)
// What is beyond the shares is common to all, a fifth. Half of that is for ports with no more than this: a guest of 64 GiB in
// 16 regions.
#define COMMON	       5
#define MIDDLE_WINDOWS 16
#define MIDDLE_BYTES   (130 * GIB)
// No port has more.
#define MOST_BYTES (4 * TIB)

// Windows and addresses in use, and what of them is beyond the ports' shares.
static _Atomic uint64_t used, used_bytes, beyond, beyond_bytes;
static struct {
	uint64_t windows;
	uint64_t maps, files; // the process's limits, from which that follows
	bool by_files;	      // which of them is the lower one
} most;

// A window takes up to three mappings (guard, part, guard), and its file's descriptor stays open.
static void
find_most(void)
{
	struct rlimit limit = { 0 };
	uint64_t maps, files;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

	if (f == NULL || fscanf(f, "%lu", &most.maps) != 1)
		most.maps = 65530;
	if (f)
		fclose(f);
	getrlimit(RLIMIT_NOFILE, &limit);
	most.files = limit.rlim_cur;
	maps = most.maps > 2 * OTHERS ? (most.maps - OTHERS) / 3 : OTHERS / 3;
	files = most.files > 2 * OTHERS ? most.files - OTHERS : most.files / 2;
	most.by_files = files < maps;
	most.windows = most.by_files ? files : maps;
}

// What of a window of SIZE is beyond the share of a port that has BYTES.
static uint64_t
bytes_beyond(uint64_t bytes, uint64_t size)
{
	if (bytes + size <= SHARE_BYTES)
		return 0;
	return bytes >= SHARE_BYTES ? size : bytes + size - SHARE_BYTES;
}

static void
explain_windows(char *why, size_t size)
{
	int n = snprintf(why, size, "has many memory regions, and weftd's room for such guests is used up: ");

	if (n > 0 && (size_t)n < size)
		snprintf(why + n, size - (size_t)n,
			most.by_files ? "raise LimitNOFILE= of weftd.service (now %lu) and restart it, or give the "
					"guest fewer regions"
				      : "raise vm.max_map_count (sysctl; now %lu) and restart weftd, or give the guest "
					"fewer regions",
			(unsigned long)(most.by_files ? most.files : most.maps));
}

bool
weft_window_allows(const struct vhost_windows *of, uint64_t size, char *why, size_t why_size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t all = size + GUARD_BEFORE + GUARD_BEHIND, more;
	bool middle;

	pthread_once(&once, find_most);
	if (size > MOST_BYTES || of->bytes + all > MOST_BYTES) {
		snprintf(why, why_size,
			"has more memory than the 4 TiB that weft maps for a port (each region counts 4 GiB more): give the "
			"guest less, or fewer and larger regions");
		return false;
	}
	middle = of->n + 1 <= MIDDLE_WINDOWS && of->bytes + all <= MIDDLE_BYTES;
	if (atomic_load(&used) >= most.windows ||
		(of->n + 1 > SHARE_WINDOWS && atomic_load(&beyond) >= most.windows / COMMON / (middle ? 1 : 2))) {
		explain_windows(why, why_size);
		return false;
	}
	more = bytes_beyond(of->bytes, all);
	if (atomic_load(&used_bytes) + all > ADDRESSES ||
		(more && atomic_load(&beyond_bytes) + more > ADDRESSES / COMMON / (middle ? 1 : 2))) {
		snprintf(why, why_size,
			"has more than %u GiB of memory (each region counts 4 GiB more), and weftd's addresses for such guests "
			"are used up: end another large guest, or start this one on another host",
			(unsigned int)(SHARE_BYTES / GIB));
		return false;
	}
	return true;
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

static void
account(const struct vhost_window *window)
{
	atomic_fetch_add(&used, 1);
	atomic_fetch_add(&used_bytes, window->size);
	atomic_fetch_add(&beyond, window->beyond);
	atomic_fetch_add(&beyond_bytes, window->beyond_bytes);
}

static void
discount(const struct vhost_window *window)
{
	atomic_fetch_sub(&used, 1);
	atomic_fetch_sub(&used_bytes, window->size);
	atomic_fetch_sub(&beyond, window->beyond);
	atomic_fetch_sub(&beyond_bytes, window->beyond_bytes);
}

uint8_t *
weft_window_map(struct vhost_window *window, const struct vhost_windows *of, int fd, uint64_t offset, uint64_t size)
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
	window->size = GUARD_BEFORE + length + page + (of ? GUARD_BEHIND : GUARD_BEFORE);
	window->base = mmap(NULL, window->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window->base == MAP_FAILED) {
		*window = (struct vhost_window){ .fd = -1 };
		return NULL;
	}
	window->beyond = of && of->n >= SHARE_WINDOWS;
	window->beyond_bytes = of ? bytes_beyond(of->bytes, window->size) : 0;
	account(window);
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
	discount(window);
	*window = (struct vhost_window){ 0 };
}

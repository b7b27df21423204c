// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Holes that a front end punches in its memory while weft uses it: who has to wait for them, stops the port, and is not held up
// by it again. A balloon's holes stop nobody.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "guest.h"

#include "vhost/stall.h"

#define PIECE	 (UINT64_C(2) << 20) // a balloon's
#define FIRST	 (UINT64_C(256) << 20)
#define MOST	 (UINT64_C(4) << 30)
#define LONG_US	 60000 // to punch the hole that is large enough
#define BUFFERS	 16
#define PUNCHES	 20
#define USED_END (LIAR_DATA + 2 * GUEST_RING * GUEST_SLOT) // of the buffers

// Bytes of pages behind the guest's memory, in the same file. weft does not map them.
static uint64_t tail;

static void
fill(int fd, uint64_t size)
{
	assert_int_equal(ftruncate(fd, (off_t)(LIAR_SIZE + size)), 0);
	assert_int_equal(fallocate(fd, 0, 0, (off_t)(LIAR_SIZE + size)), 0);
}

static void
punch(int fd, uint64_t from, uint64_t size)
{
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)size), 0);
}

// Finds how large a hole is that takes long enough. Returns whether there is memory for it.
static bool
find_size(void)
{
	int fd;

	if (tail)
		return tail <= MOST;
	fd = memfd_create("hole", MFD_CLOEXEC);
	for (tail = FIRST; tail <= MOST; tail *= 2) {
		struct sysinfo info;
		uint64_t start;

		sysinfo(&info);
		if (info.freeram * (uint64_t)info.mem_unit < 2 * tail) {
			tail = UINT64_MAX;
			break;
		}
		fill(fd, tail);
		start = clock_us();
		punch(fd, 0, LIAR_SIZE + tail);
		if (clock_us() - start > LONG_US)
			break;
	}
	close(fd);
	if (tail <= MOST)
		return true;
	print_message(
		"this machine has too little free memory for a hole that takes long (8 GiB at most), or punches it too fast\n");
	return false;
}

// The descriptor of a wchan file that is open for the watchdog, or -1.
static int
find_wchan(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int found = -1;

	while (found < 0 && (entry = readdir(dir))) {
		char name[80];
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, name, sizeof(name) - 1);

		name[len > 0 ? len : 0] = 0;
		if (strstr(name, "/wchan"))
			found = atoi(entry->d_name);
	}
	closedir(dir);
	return found;
}

// A hole that a thread punches.
struct hole {
	pthread_t thread;
	int fd;
	uint64_t from;
	uint64_t took_us;
	_Atomic bool over;
};

static void *
punch_one(void *arg)
{
	struct hole *hole = arg;
	uint64_t start = clock_us();

	punch(hole->fd, hole->from, LIAR_SIZE + tail - hole->from);
	hole->took_us = clock_us() - start;
	atomic_store(&hole->over, true);
	return NULL;
}

static void
begin_hole(struct hole *hole, int fd, uint64_t from)
{
	fill(fd, tail);
	*hole = (struct hole){ .fd = fd, .from = from };
	assert_int_equal(pthread_create(&hole->thread, NULL, punch_one, hole), 0);
}

// A burst in both directions, in which the test itself does not touch the frames. Returns how many frames went.
static uint32_t
burst(struct guest *g)
{
	uint32_t cookie, len, n = 0;

	for (uint32_t i = 0; i < BUFFERS; i++, n++) {
		struct piece piece = { LIAR_GPA + LIAR_DATA + (GUEST_RING + i) * GUEST_SLOT, 12 + 60 };

		if (!driver_add(&g->d[1], &piece, 1, false, i))
			break;
	}
	guest_offer(g, BUFFERS);
	n = guest_echo(g);
	while (driver_take(&g->d[1], &cookie, &len))
		;
	while (driver_take(&g->d[0], &cookie, &len))
		;
	return n;
}

// Bursts while the hole is punched. Returns how long the longest took; *N: how many there were.
static uint64_t
burst_beside(struct guest *g, struct hole *hole, unsigned int *n)
{
	uint64_t longest = 0;

	for (*n = 0; !atomic_load(&hole->over); ++*n) {
		uint64_t start = clock_us();

		burst(g);
		longest = RTE_MAX(longest, clock_us() - start);
	}
	pthread_join(hole->thread, NULL);
	return longest;
}

// Punches large holes until the port is stopped. Returns after how many that was.
static unsigned int
stop_by_holes(struct guest *g)
{
	for (unsigned int i = 1; i <= PUNCHES; i++) {
		struct hole hole;
		unsigned int n;
		uint64_t longest;

		begin_hole(&hole, g->l.memory_fd, LIAR_DATA);
		longest = burst_beside(g, &hole, &n);
		print_message("a hole of %lu us held a burst up for %lu us\n", hole.took_us, longest);
		if (atomic_load(&g->l.port->broken))
			return i;
	}
	return PUNCHES + 1;
}

// The port is stopped by name, no mbuf is lost, and the next hole holds nobody up.
static void
test_holes(void **state)
{
	(void)state;
	if (!find_size())
		skip();
	for (unsigned int i = 0; i < 2; i++) {
		struct guest g, neighbour;
		struct hole hole;
		unsigned int n;
		uint64_t longest;

		guest_start(&neighbour, 0, -1);
		guest_start(&g, i ? PACKED : 0, -1);
		assert_int_equal(burst(&g), BUFFERS);
		assert_true(stop_by_holes(&g) <= PUNCHES);
		assert_int_equal(g.l.port->broken, VHOST_FAULT_HOLES);
		assert_int_equal(neighbour.l.port->broken, VHOST_FAULT_NONE);
		assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
		begin_hole(&hole, g.l.memory_fd, LIAR_DATA);
		longest = burst_beside(&g, &hole, &n);
		print_message(
			"then, beside a hole of %lu us, %u bursts, the longest %lu us\n", hole.took_us, n, longest);
		assert_true(n >= 100);
		assert_int_equal(burst(&g), 0);
		guest_check_traffic(&neighbour);
		// The front ends' thread finds it.
		liar_send(&g.l, VHOST_SET_OWNER, VHOST_VERSION, NULL, 0, NULL, 0);
		assert_true(liar_run(&g.l) < 0);
		guest_close(&g);
		guest_close(&neighbour);
	}
}

// The front ends' thread waits when it touches the rings.
static void
test_holes_under_the_front_ends_thread(void **state)
{
	struct guest g;

	(void)state;
	if (!find_size())
		skip();
	guest_start(&g, 0, -1);
	for (unsigned int i = 0; i < PUNCHES && g.l.ended == 0; i++) {
		struct hole hole;

		begin_hole(&hole, g.l.memory_fd, 0);
		while (!atomic_load(&hole.over) && g.l.ended == 0) {
			liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 0, 1);
			usleep(500);
		}
		pthread_join(hole.thread, NULL);
	}
	assert_int_equal(g.l.ended, -EFAULT);
	guest_close(&g);
}

struct balloon {
	int fd;
	_Atomic bool over;
	unsigned int pieces;
};

// Inflates and deflates, piece by piece, as fast as it can: in memory that weft does not use just now, and at times in that of
// frames.
static void *
inflate(void *arg)
{
	struct balloon *b = arg;
	uint64_t start = clock_us(), next = start, now;

	while ((now = clock_us()) - start < 1000000) {
		uint64_t at = USED_END + b->pieces % 32 * PIECE;

		if (now >= next) {
			at = LIAR_DATA;
			next = now + 250000;
		}
		assert_int_equal(fallocate(b->fd, 0, (off_t)at, PIECE), 0);
		punch(b->fd, at, PIECE);
		b->pieces++;
	}
	atomic_store(&b->over, true);
	return NULL;
}

static void
test_balloon(void **state)
{
	uint64_t frames = 0, most = 0;
	struct balloon b = { 0 };
	pthread_t thread;
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	fill(g.l.memory_fd, 64 * PIECE);
	b.fd = g.l.memory_fd;
	assert_int_equal(pthread_create(&thread, NULL, inflate, &b), 0);
	while (!atomic_load(&b.over)) {
		frames += burst(&g);
		most = RTE_MAX(most, g.l.port->stalled_us);
	}
	pthread_join(thread, NULL);
	print_message("%u pieces, %lu frames, a stall of at most %lu us was seen\n", b.pieces, frames, most);
	assert_true(b.pieces > 10 && frames > 0);
	assert_int_equal(g.l.port->broken, VHOST_FAULT_NONE);
	assert_int_equal(burst(&g), BUFFERS);
	guest_close(&g);
}

// Where the kernel does not say for what a thread waits, nobody is stopped, and all go on when the hole is punched.
static void
test_kernel_that_does_not_say(void **state)
{
	static const char *const files[] = { "/dev/null", "/dev/zero", "/proc/version", "/proc/self/mem", "/" };
	int wchan = find_wchan(), kept = dup(wchan);
	struct guest g;

	(void)state;
	if (!find_size())
		skip();
	assert_true(wchan >= 0);
	guest_start(&g, 0, -1);
	for (unsigned int i = 0; i <= RTE_DIM(files); i++) {
		int file = open(i < RTE_DIM(files) ? files[i] : "/dev/null", O_RDONLY | O_CLOEXEC);
		struct hole hole;
		unsigned int n;

		assert_true(file >= 0);
		dup2(file, wchan);
		close(file);
		// It is closed, too.
		if (i == RTE_DIM(files))
			close(wchan);
		begin_hole(&hole, g.l.memory_fd, LIAR_DATA);
		burst_beside(&g, &hole, &n);
		if (i == RTE_DIM(files))
			dup2(kept, wchan);
		assert_int_equal(g.l.port->broken, VHOST_FAULT_NONE);
		assert_int_equal(burst(&g), BUFFERS);
	}
	guest_close(&g);
	close(kept);
}

static int
setup(void **state)
{
	vhost_guard_init();
	vhost_stall_init();
	vhost_stall_enlist();
	vhost_stall_enlist();
	return guest_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balloon),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_holes_under_the_front_ends_thread),
		cmocka_unit_test(test_kernel_that_does_not_say),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

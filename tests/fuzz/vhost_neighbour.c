// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vhost_neighbour.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "tests/harness/lone_port.h"

#include "vhost/message.h"
#include "vhost/queues.h"

#define GPA    UINT64_C(0x100000)
#define USER   UINT64_C(0x7000000000)
#define SIZE   UINT64_C(0x20000)
#define RING   8
#define PART   UINT64_C(0x8000) // of the memory, for a ring
#define TO     UINT64_C(0x18000)
#define FROM   UINT64_C(0x19000)
#define LENGTH 700 // bytes of a frame

static struct {
	struct weft_portio io;
	struct vhost_port *port;
	int sock;
	uint8_t *memory, *copy; // and what it should be
	struct driver driver[2];
	uint8_t n; // frames sent
} self;

static void
quiesce(void)
{
}

static void
tell(uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct {
		struct vhost_header header;
		uint8_t payload[sizeof(union vhost_payload)];
	} m = { .header = { request, VHOST_VERSION, size } };

	memcpy(m.payload, payload, size);
	if (send_with_fds(self.sock, &m, sizeof(m.header) + size, &fd, fd >= 0) < 0 ||
		vhost_connection_run(self.port->connection, 0))
		abort();
}

static void
start_ring(uint32_t i)
{
	struct driver *d = &self.driver[i];
	uint64_t at = USER + i * PART;
	struct vhost_vring_addr addr = { .index = i,
		.desc = at,
		.avail = at + (uint64_t)((uint8_t *)d->avail - d->base),
		.used = at + (uint64_t)((uint8_t *)d->used - d->base) };

	tell(VHOST_SET_VRING_NUM, &(struct vhost_vring_state){ i, RING }, 8, -1);
	tell(VHOST_SET_VRING_BASE, &(struct vhost_vring_state){ i, 0 }, 8, -1);
	tell(VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	tell(VHOST_SET_VRING_KICK, &(uint64_t){ i | VHOST_VRING_NO_FD }, 8, -1);
}

void
neighbour_start(struct rte_mempool *pool)
{
	int fd = memfd_create("neighbour", MFD_CLOEXEC);
	union vhost_payload table = { .table = { .n = 1, .region[0] = { GPA, SIZE, USER, 0 } } };

	if (fd < 0 || ftruncate(fd, (off_t)SIZE))
		abort();
	self.memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	self.copy = malloc(SIZE);
	if (self.memory == MAP_FAILED || self.copy == NULL)
		abort();
	self.io.quiesce = quiesce;
	self.io.pool = pool;
	self.port = lone_port_open(&self.io, "neighbour");
	self.sock = lone_port_connect(self.port, 0);
	for (unsigned int i = 0; i < 2; i++)
		driver_init(&self.driver[i], self.memory + i * PART, GPA + i * PART, RING, FEATURE(VIRTIO_F_VERSION_1),
			i == 0);
	tell(VHOST_SET_FEATURES, &(uint64_t){ FEATURE(VIRTIO_F_VERSION_1) }, 8, -1);
	tell(VHOST_SET_MEM_TABLE, &table, 40, fd);
	start_ring(0);
	start_ring(1);
	close(fd);
	if (!atomic_load(&self.io.link) || !lone_port_settle(self.port))
		abort();
	for (uint64_t i = TO; i < SIZE; i++)
		self.memory[i] = (uint8_t)(i * 7);
	memcpy(self.copy, self.memory, SIZE);
}

void
neighbour_check(void)
{
	if (memcmp(self.copy, self.memory, SIZE) || !atomic_load(&self.io.link) || atomic_load(&self.port->broken) ||
		atomic_load(&self.port->rings[0].fault) || atomic_load(&self.port->rings[1].fault))
		abort();
}

void
neighbour_talk(void)
{
	struct piece to = { GPA + TO, 12 + LENGTH }, from = { GPA + FROM, 12 + LENGTH };
	struct rte_mbuf *pkts[VHOST_BURST];
	int64_t bytes = INT64_MAX;
	uint32_t cookie, len;

	memset(self.memory + FROM, 0, 12);
	memset(self.memory + FROM + 12, ++self.n, LENGTH);
	if (!driver_add(&self.driver[0], &to, 1, false, 0) || !driver_add(&self.driver[1], &from, 1, false, 0) ||
		vhost_rx(&self.io, 0, pkts, VHOST_BURST, &bytes) != 1 || vhost_tx(&self.io, 0, pkts, 1) != 1)
		abort();
	vhost_notify_guest(&self.io);
	if (!driver_take(&self.driver[1], &cookie, &len) || !driver_take(&self.driver[0], &cookie, &len) ||
		len != 12 + LENGTH || memcmp(self.memory + TO + 12, self.memory + FROM + 12, LENGTH))
		abort();
	memcpy(self.copy, self.memory, SIZE);
}

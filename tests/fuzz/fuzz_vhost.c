// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end as the fuzzer likes it, and a guest behind it: messages, descriptors, memory, rings, and a worker in between.
// After each input: no descriptor, mapping or mbuf is left, no access strayed, and a neighbour's memory is as it was.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "tests/harness/lone_port.h"
#include "vhost_files.h"
#include "vhost_input.h"
#include "vhost_neighbour.h"

#include "vhost/guard.h"
#include "vhost/queues.h"
#include "vhost/rings/call.h"

#define POOL	  2047 // mbufs
#define TALK_EACH 64   // inputs

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;

static struct {
	struct weft_portio io;
	struct vhost_port *port;
	int sock; // -1: there is no connection
	uint64_t now_ms;
	bool mute;	   // it does not take answers
	uint8_t rest[600]; // of a message, to be sent before the next one
	size_t rest_size;
} front;

static void
fail(const char *why)
{
	fprintf(stderr, "%s: %s\n", why, front.port->error);
	abort();
}

static void
quiesce(void)
{
}

static void
start(void)
{
	pool = arena_pool();
	vhost_guard_init();
	weft_call_init();
	fuzz_files_open();
	front.io.quiesce = quiesce;
	front.io.pool = pool;
	front.port = lone_port_open(&front.io, "front");
	front.sock = -1;
	neighbour_start(pool);
}

static void
connect_front(void)
{
	if (front.sock >= 0)
		return;
	front.sock = lone_port_connect(front.port, front.now_ms);
	setsockopt(front.port->connection->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
	front.rest_size = 0;
}

static void
end_connection(void)
{
	if (front.port->connection)
		lone_port_end(front.port);
	if (front.sock >= 0)
		close(front.sock);
	front.sock = -1;
}

// Takes all answers, and the last descriptor.
static void
take_answers(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t bytes[600];
	struct iovec iov = { bytes, sizeof(bytes) };
	ssize_t n;

	do {
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		struct cmsghdr *c;

		n = recvmsg(front.sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
		if (c == NULL)
			continue;
		if (fuzz_files[FILE_GOT] >= 0)
			close(fuzz_files[FILE_GOT]);
		memcpy(&fuzz_files[FILE_GOT], CMSG_DATA(c), sizeof(int));
	} while (n > 0);
}

// Weft handles what has come.
static void
run(void)
{
	int ret = 0;

	while (ret == 0 && front.port->connection) {
		int waiting = 0;

		if (!front.mute && vhost_connection_waits(front.port->connection))
			take_answers();
		ioctl(front.port->connection->fd, FIONREAD, &waiting);
		if (waiting == 0 && !vhost_connection_waits(front.port->connection))
			break;
		front.now_ms++;
		ret = vhost_connection_run(front.port->connection, front.now_ms);
		if (atomic_load(&front.port->broken) == VHOST_FAULT_STRAY)
			fail("an access strayed");
		if (atomic_load(&front.port->broken))
			ret = -EFAULT;
		if (ret == 0 && front.mute && vhost_connection_waits(front.port->connection))
			break;
	}
	if (ret)
		end_connection();
	else if (!front.mute && front.sock >= 0)
		take_answers();
}

// Sends BYTES, and lets weft handle them. What the socket does not take is lost.
static void
send_bytes(const void *bytes, size_t size, const enum fuzz_file *kinds, unsigned int n)
{
	int fds[VHOST_FDS_AT_ONCE];

	connect_front();
	for (unsigned int i = 0; i < n; i++)
		fds[i] = fuzz_files[kinds[i]] < 0 ? fuzz_files[FILE_MEMORY] : fuzz_files[kinds[i]];
	if (send_with_fds(front.sock, bytes, size, fds, n) >= 0)
		run();
}

static void
send_rest(void)
{
	size_t size = front.rest_size;

	front.rest_size = 0;
	if (size && front.sock >= 0)
		send_bytes(front.rest, size, NULL, 0);
}

// A message, in one piece or in two: then something else may happen in between.
static void
send_message(struct input *in)
{
	struct fuzz_message m;
	size_t cut = input_u8(in);

	send_rest();
	input_message(in, &m);
	cut = cut && cut < m.size ? cut : m.size;
	send_bytes(&m, cut, m.files, m.n_files);
	if (front.sock < 0)
		return;
	front.rest_size = RTE_MIN(m.size - cut, sizeof(front.rest));
	memcpy(front.rest, (const uint8_t *)&m + cut, front.rest_size);
}

static void
send_anything(struct input *in)
{
	uint8_t bytes[256];
	size_t n = 1 + input_u8(in);

	for (size_t i = 0; i < n; i++)
		bytes[i] = input_u8(in);
	send_bytes(bytes, n, NULL, 0);
}

static void
say(uint32_t request, const void *payload, uint32_t size, enum fuzz_file file)
{
	struct fuzz_message m = { .header = { request, VHOST_VERSION, size } };

	memcpy(m.payload, payload, size);
	send_bytes(&m, sizeof(m.header) + size, &file, file < FUZZ_FILES);
}

static void
say_ring(uint32_t i, enum fuzz_file call)
{
	uint64_t at = FUZZ_USER + i * FUZZ_RING;
	struct vhost_vring_addr addr = { .index = i, .desc = at, .avail = at + FUZZ_AVAIL, .used = at + FUZZ_USED };

	say(VHOST_SET_VRING_NUM, &(struct vhost_vring_state){ i, FUZZ_ENTRIES }, 8, FUZZ_FILES);
	say(VHOST_SET_VRING_BASE, &(struct vhost_vring_state){ i, 0x8000 }, 8, FUZZ_FILES);
	say(VHOST_SET_VRING_ADDR, &addr, sizeof(addr), FUZZ_FILES);
	if (call < FUZZ_FILES)
		say(VHOST_SET_VRING_CALL, &(uint64_t){ i }, 8, call);
	say(VHOST_SET_VRING_KICK, &(uint64_t){ i | VHOST_VRING_NO_FD }, 8, FUZZ_FILES);
	say(VHOST_SET_VRING_ENABLE, &(struct vhost_vring_state){ i, 1 }, 8, FUZZ_FILES);
}

// An honest start, of some kind.
static void
start_rings(struct input *in)
{
	uint8_t features = input_u8(in), how = input_u8(in);
	uint64_t protocol = UINT64_C(0x1901f);
	union vhost_payload table = { .table = { .n = 1, .region[0] = { FUZZ_GPA, FUZZ_SIZE, FUZZ_USER, 0 } } };
	struct vhost_inflight_area area = { .size = FUZZ_SMALL, .n_queues = FUZZ_RINGS, .queue_size = FUZZ_ENTRIES };
	enum fuzz_file call = how & 4 ? FILE_BLOCKING : how & 8 ? FILE_EVENT : FUZZ_FILES;

	send_rest();
	say(VHOST_SET_PROTOCOL_FEATURES, &protocol, 8, FUZZ_FILES);
	say(VHOST_SET_FEATURES, &(uint64_t){ input_features(features) }, 8, FUZZ_FILES);
	say(VHOST_SET_MEM_TABLE, &table, 40, how & 1 ? FILE_SEALED : FILE_MEMORY);
	if (how & 2)
		say(VHOST_SET_LOG_BASE, &(uint64_t[2]){ FUZZ_SMALL, 0 }, 16, FILE_LOG);
	if (how & 16)
		say(VHOST_SET_INFLIGHT_FD, &area, sizeof(area), FILE_INFLIGHT);
	for (uint32_t i = 0; i < (how & 32 ? 4 : 2); i++)
		say_ring(i, call);
}

// Writes bytes of the input to memory.
static void
poke(struct input *in)
{
	enum fuzz_file file = (enum fuzz_file)(input_u8(in) % (FILE_INFLIGHT + 1));
	uint64_t at = input_u16(in);
	uint8_t bytes[32], n = 1 + input_u8(in) % sizeof(bytes);

	for (uint8_t i = 0; i < n; i++)
		bytes[i] = input_u8(in);
	fuzz_files_write(file, at, bytes, n);
}

// One descriptor, and where a split ring's chain begins.
static void
offer_one(struct input *in, uint8_t r, uint16_t i, bool packed)
{
	const struct vhost_ring *ring = &front.port->rings[r];
	uint16_t size = ring->size ? ring->size : FUZZ_ENTRIES, slot = (uint16_t)(ring->next + i) % size;
	bool to_guest = r % 2 == 0, odd = input_u8(in);
	uint64_t at = FUZZ_RING * r, addr = FUZZ_GPA + FUZZ_DATA + (r * 16u + i % 16) * 1024;
	uint32_t len = to_guest ? 1024 : 90;
	uint16_t flags = to_guest ? VRING_DESC_F_WRITE : 0, next = slot;

	if (odd) {
		addr = input_near(in, addr);
		len = (uint32_t)input_near(in, len);
		flags ^= input_u8(in) & 7;
		next = (uint16_t)input_near(in, slot + 1u);
	}
	if (packed) {
		bool wrap = ring->wrap ^ (ring->next + i >= size);
		struct vring_packed_desc d = { addr, len, slot,
			(uint16_t)(flags | (wrap ? 1u << VRING_PACKED_DESC_F_AVAIL : 1u << VRING_PACKED_DESC_F_USED)) };

		fuzz_files_write(FILE_MEMORY, at + slot * sizeof(d), &d, sizeof(d));
	} else {
		struct vring_desc d = { addr, len, flags, next };

		fuzz_files_write(FILE_MEMORY, at + slot * sizeof(d), &d, sizeof(d));
		fuzz_files_write(FILE_MEMORY, at + FUZZ_AVAIL + 4 + 2ull * slot, &slot, sizeof(slot));
	}
}

// The guest makes buffers available, where weft looks for them.
static void
offer(struct input *in)
{
	uint8_t r = input_u8(in) % FUZZ_RINGS, n = 1 + input_u8(in) % VHOST_BURST;
	bool packed = vhost_has(atomic_load(&front.port->features), VIRTIO_F_RING_PACKED);
	uint16_t idx = (uint16_t)(front.port->rings[r].next + n);

	for (uint8_t i = 0; i < n; i++)
		offer_one(in, r, i, packed);
	if (!packed)
		fuzz_files_write(FILE_MEMORY, FUZZ_RING * r + FUZZ_AVAIL + 2, &idx, sizeof(idx));
}

static void
check_worker(void)
{
	if (atomic_load(&front.port->broken) == VHOST_FAULT_STRAY)
		fail("an access strayed");
}

static void
read_frames(struct input *in)
{
	struct rte_mbuf *pkts[VHOST_BURST];
	uint8_t how = input_u8(in);
	int64_t bytes = how & 0x80 ? 1000 : INT64_MAX;
	uint16_t n = vhost_rx(&front.io, 0, pkts, (uint16_t)(1 + how % VHOST_BURST), &bytes), sent = 0;
	const char *why;

	check_worker();
	for (uint16_t i = 0; i < n; i++) {
		if (rte_mbuf_check(pkts[i], 1, &why) || pkts[i]->pkt_len > VHOST_FRAME_MAX)
			fail("a broken mbuf");
	}
	if (how & 0x40 && n)
		sent = vhost_tx(&front.io, 0, pkts, n);
	for (uint16_t i = sent; i < n; i++)
		rte_pktmbuf_free(pkts[i]);
	check_worker();
}

static void
write_frames(struct input *in)
{
	struct rte_mbuf *pkts[VHOST_BURST];
	uint16_t n = (uint16_t)(1 + input_u8(in) % VHOST_BURST), len = (uint16_t)(14 + input_u16(in) % 1800), sent;

	if (rte_pktmbuf_alloc_bulk(pool, pkts, n))
		fail("mbufs are lost");
	for (uint16_t i = 0; i < n; i++)
		memset(rte_pktmbuf_append(pkts[i], len), i, len);
	if (len % 4 == 0 && n > 1)
		rte_pktmbuf_chain(pkts[0], pkts[--n]);
	sent = vhost_tx(&front.io, 0, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	check_worker();
}

static void
notify(struct input *in)
{
	// A full counter that blocks costs milliseconds each time.
	if (input_u8(in) == 0xff) {
		fuzz_files_drain(FILE_BLOCKING);
		eventfd_write(fuzz_files[FILE_BLOCKING], UINT64_MAX - 1);
	}
	vhost_notify_guest(&front.io);
	check_worker();
}

static void
cut(struct input *in)
{
	static const enum fuzz_file which[] = { FILE_MEMORY, FILE_SHORT, FILE_LOG, FILE_INFLIGHT };
	enum fuzz_file file = which[input_u8(in) % RTE_DIM(which)];

	if (ftruncate(fuzz_files[file], (off_t)(input_u8(in) % (FUZZ_SIZE / 4096 + 1) * 4096)))
		abort();
}

static void
change(struct input *in)
{
	switch (input_u8(in) % 4) {
	case 0:
		front.mute = true;
		break;
	case 1:
		front.mute = false;
		run();
		break;
	case 2: // the rest of the message never comes
		front.rest_size = 0;
		break;
	default:
		if (front.sock < 0)
			return;
		close(front.sock);
		front.sock = -1;
		run();
		end_connection();
	}
}

// Addresses that are mapped, in GiB. Each window has at least four.
static unsigned long
mapped(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages;

	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		abort();
	fclose(f);
	return pages >> 18;
}

// Before the input there were N_FDS descriptors.
static void
check_end(unsigned int n_fds)
{
	static unsigned long before;
	static unsigned int n;

	if (!lone_port_settle(front.port))
		fail("something stays in the trash");
	if (rte_mempool_avail_count(pool) != POOL)
		fail("mbufs are lost");
	if (count_fds() != n_fds)
		fail("descriptors are left, or too many closed");
	if (before && mapped() > before + 2)
		fail("a window is left");
	before = mapped();
	if (atomic_load(&front.io.link))
		fail("the link stays up");
	neighbour_check();
	if (n++ % TALK_EACH == 0)
		neighbour_talk();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const actions[])(struct input * in) = { start_rings, send_message, offer, read_frames,
		write_frames, notify, poke, send_message, cut, send_message, change, send_anything };
	struct input in = { data, size };
	unsigned int n_fds;

	if (pool == NULL)
		start();
	// The fuzzer itself may have opened some since the last input.
	n_fds = count_fds();
	front.mute = false;
	while (in.left)
		actions[input_u8(&in) % RTE_DIM(actions)](&in);
	end_connection();
	fuzz_files_clear();
	check_end(n_fds);
	return 0;
}

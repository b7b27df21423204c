// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What messages of the vhost-user protocol say: values beyond their bounds, features that weft does not offer, rings that there
// are not, and messages that a ring's state forbids.
#include <sys/eventfd.h>
#include <unistd.h>

#include "liar.h"

static void
test_features_that_are_not_offered(void **state)
{
	union vhost_payload offered, m;
	struct liar l;

	(void)state;
	for (unsigned int which = 0; which < 2; which++) {
		uint32_t get = which ? VHOST_GET_PROTOCOL_FEATURES : VHOST_GET_FEATURES;
		uint32_t set = which ? VHOST_SET_PROTOCOL_FEATURES : VHOST_SET_FEATURES;

		for (unsigned int bit = 0; bit < 64; bit++) {
			liar_open(&l);
			liar_send(&l, get, VHOST_VERSION, NULL, 0, NULL, 0);
			assert_int_equal(liar_run(&l), 0);
			liar_answer(&l, get, &offered, NULL);
			m.u64 = 1ULL << bit;
			liar_send(&l, set, VHOST_VERSION, &m, 8, NULL, 0);
			assert_int_equal(liar_run(&l) == 0, offered.u64 >> bit & 1);
			if (l.ended)
				assert_non_null(strstr(l.port->error, which ? "feature" : "the guest insists on"));
			liar_close(&l);
		}
		// Neither postcopy (8) nor an IOTLB's channel (5, 10).
		if (which)
			assert_int_equal(offered.u64 & (1ULL << 8 | 1ULL << 5 | 1ULL << 10), 0);
		else
			assert_int_equal(offered.u64 >> VIRTIO_F_IOMMU_PLATFORM & 1, 0);
	}
}

// Errors name requests and features of the protocol, also those that weft does not offer: a number alone says nothing.
static void
test_errors_name_what_came(void **state)
{
	static const struct {
		uint32_t request, size;
		uint64_t value;
		const char *text;
	} cases[] = {
		{ 28, 0, 0, "sent POSTCOPY_ADVISE (request 28), which weft does not offer" },
		{ 21, 0, 0, "sent SET_BACKEND_REQ_FD (request 21), which weft does not offer" },
		{ 43, 0, 0, "sent CHECK_DEVICE_STATE (request 43), which weft does not offer" },
		{ 0, 0, 0, "sent an unknown message (request 0), which weft does not offer" },
		{ 44, 0, 0, "sent an unknown message (request 44), which weft does not offer" },
		{ UINT32_MAX, 0, 0, "sent an unknown message (request 4294967295), which weft does not offer" },
		{ VHOST_NET_SET_MTU, 8, 1500, "sent NET_SET_MTU without its protocol feature MTU" },
		{ VHOST_GET_MAX_MEM_SLOTS, 0, 0,
			"sent GET_MAX_MEM_SLOTS without its protocol feature CONFIGURE_MEM_SLOTS" },
		{ VHOST_SET_MEM_TABLE, 1000, 0, "sent SET_MEM_TABLE (request 5) with 1000 bytes" },
		{ VHOST_SET_PROTOCOL_FEATURES, 8, 1 << 8,
			"the protocol feature PAGEFAULT (8), which weft does not offer" },
		{ VHOST_SET_PROTOCOL_FEATURES, 8, 1 << 20, "the protocol feature without a name (20)" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct liar l;

		liar_open(&l);
		liar_send(&l, cases[i].request, VHOST_VERSION, cases[i].size == 8 ? &cases[i].value : NULL,
			cases[i].size, NULL, 0);
		assert_true(liar_run(&l) < 0);
		if (strstr(l.port->error, cases[i].text) == NULL)
			fail_msg("%s, not: %s", cases[i].text, l.port->error);
		liar_close(&l);
	}
}

static void
test_states(void **state)
{
	struct liar l;
	int event = eventfd(0, EFD_NONBLOCK);

	(void)state;
	// A ring that runs keeps its size, place and addresses; features stay but for the log.
	liar_open(&l);
	liar_start(&l, 0);
	assert_int_equal(liar_set_state(&l, VHOST_SET_VRING_NUM, 1, 128), 1);
	assert_non_null(strstr(l.port->error, "SET_VRING_NUM for ring 1, which runs"));
	assert_int_equal(liar_set_state(&l, VHOST_SET_VRING_BASE, 1, 5), 1);
	assert_int_equal(liar_set_addr(&l, 1, LIAR_USER, LIAR_USER + 0x4000, LIAR_USER + 0x8000), 1);
	assert_int_equal(liar_set_u64(&l, VHOST_SET_FEATURES, 1ULL << VHOST_F_PROTOCOL_FEATURES, -1), 1);
	assert_int_equal(
		liar_set_u64(&l, VHOST_SET_FEATURES,
			1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VHOST_F_LOG_ALL, -1),
		0);
	assert_int_equal(liar_set_addr(&l, 1, LIAR_USER + LIAR_NEXT + LIAR_DESC, LIAR_USER + LIAR_NEXT + LIAR_AVAIL,
				 LIAR_USER + LIAR_NEXT + LIAR_USED),
		0);
	assert_true(atomic_load(&l.io.link));
	liar_close(&l);
	// Before SET_FEATURES no ring starts.
	liar_open(&l);
	l.port->protocol = 1ULL << VHOST_PROTOCOL_REPLY_ACK;
	assert_int_equal(liar_set_u64(&l, VHOST_SET_VRING_KICK, 0, event), 1);
	assert_non_null(strstr(l.port->error, "before SET_FEATURES"));
	liar_close(&l);
	close(event);
}

static void
test_rings_that_there_are_not(void **state)
{
	static const uint32_t requests[] = { VHOST_SET_VRING_NUM, VHOST_SET_VRING_BASE, VHOST_SET_VRING_ENABLE };
	static const uint32_t indices[] = { VHOST_N_RINGS, 255, 256, 65536, UINT32_MAX };
	struct vhost_vring_state m = { 0 };
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	for (unsigned int i = 0; i < RTE_DIM(indices); i++) {
		for (unsigned int k = 0; k < RTE_DIM(requests); k++)
			assert_int_equal(liar_set_state(&l, requests[k], indices[i], 1), 1);
		assert_int_equal(liar_set_addr(&l, indices[i], 0, 0, 0), 1);
	}
	for (unsigned int index = VHOST_N_RINGS; index < 256; index += 17)
		assert_int_equal(liar_set_u64(&l, VHOST_SET_VRING_KICK, index | VHOST_VRING_NO_FD, -1), 1);
	// An answer cannot say so.
	m.index = VHOST_N_RINGS;
	liar_send(&l, VHOST_GET_VRING_BASE, VHOST_VERSION | VHOST_NEED_REPLY, &m, sizeof(m), NULL, 0);
	assert_true(liar_run(&l) < 0);
	liar_close(&l);
}

static void
test_values(void **state)
{
	static const struct {
		uint32_t request;
		uint64_t value;
		int told;
	} values[] = {
		{ VHOST_NET_SET_MTU, 67, 1 },
		{ VHOST_NET_SET_MTU, 68, 0 },
		{ VHOST_NET_SET_MTU, 65535, 0 },
		{ VHOST_NET_SET_MTU, 65536, 1 },
		{ VHOST_NET_SET_MTU, UINT64_MAX, 1 },
		{ VHOST_SET_STATUS, 255, 0 },
		{ VHOST_SET_STATUS, 256, 1 },
		{ VHOST_SET_STATUS, 0, 0 },
		{ VHOST_SEND_RARP, UINT64_MAX, 0 },
	};
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	for (unsigned int i = 0; i < RTE_DIM(values); i++)
		assert_int_equal(liar_set_u64(&l, values[i].request, values[i].value, -1), values[i].told);
	for (uint32_t num = 0; num < 70000; num += num < 10 ? 1 : 4093)
		assert_int_equal(liar_set_state(&l, VHOST_SET_VRING_NUM, 0, num), num == 0 || num > 32768);
	assert_int_equal(liar_set_state(&l, VHOST_SET_VRING_ENABLE, 0, 2), 1);
	liar_close(&l);
}

// More pairs than the port has, enabled before the link is up: it is said as long as it is so.
static void
test_pairs_that_the_port_does_not_have(void **state)
{
	struct weft_io_status status = { 0 };
	struct liar l;

	(void)state;
	liar_open(&l);
	l.port->max_queues = 1;
	liar_negotiate(&l, 1ULL << VIRTIO_NET_F_MQ);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
	for (uint32_t i = 0; i < 4; i++)
		liar_start_ring(&l, (i + 2) % 4, -1);
	weft_vhost_ops.status(&l.io, &status);
	assert_true(status.link);
	assert_int_equal(status.queues, 1);
	assert_int_equal(atomic_load(&l.port->from_guest), 1);
	assert_non_null(strstr(status.error, "the guest wants 2 queue pairs, the port has 1: set attach.queues"));
	for (uint32_t i = 2; i < 4; i++)
		assert_int_equal(liar_set_state(&l, VHOST_SET_VRING_ENABLE, i, 0), 0);
	weft_vhost_ops.status(&l.io, &status);
	assert_string_equal(status.error, "");
	liar_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features_that_are_not_offered),
		cmocka_unit_test(test_errors_name_what_came),
		cmocka_unit_test(test_pairs_that_the_port_does_not_have),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_rings_that_there_are_not),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// VFs' attributes against what a kernel has answered. The test is the kernel: its answers wait before they are asked
// for.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "recorded_igb.h"
#include "weft/sriov.h"
#include "weft/vf.h"

#define IFINDEX 2

static int ours, kernels;

static int
set_up(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ours = pair[0];
	kernels = pair[1];
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(ours);
	close(kernels);
	return 0;
}

static void
answer(const uint8_t *message, size_t size)
{
	assert_int_equal(send(kernels, message, size, 0), size);
}

#define ANSWER(recorded) answer(recorded, sizeof(recorded))

// The next question; its length.
static size_t
question(uint8_t *to, size_t size)
{
	ssize_t n = recv(kernels, to, size, MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

static struct weft_vf seen[8];
static unsigned int n_seen;

static void
note(void *arg, const struct weft_vf *vf)
{
	(void)arg;
	assert_true(n_seen < 8);
	seen[n_seen++] = *vf;
}

static void
attributes_are_read(void **state)
{
	(void)state;
	n_seen = 0;
	ANSWER(recorded_link);
	assert_int_equal(weft_vf_each(ours, IFINDEX, false, note, NULL), 0);
	assert_int_equal(n_seen, 3);
	assert_int_equal(seen[0].index, 0);
	assert_int_equal(seen[0].known, (1 << WEFT_VF_N_ATTRS) - 1);
	assert_int_equal(seen[0].mac, 0x525400000010);
	assert_int_equal(seen[0].vlan, 100);
	assert_int_equal(seen[0].qos, 3);
	assert_int_equal(seen[0].tpid, WEFT_VF_8021Q);
	assert_false(seen[0].spoof_check);
	assert_true(seen[0].trust);
	assert_int_equal(seen[0].link, WEFT_VF_LINK_AUTO);
	assert_int_equal(seen[0].max_rate, 50);
	assert_int_equal(seen[0].min_rate, 0);
	assert_false(seen[0].has_stats);
	assert_int_equal(seen[2].index, 2);
	assert_int_equal(seen[2].mac, 0);
	assert_true(seen[2].spoof_check);
	assert_int_equal(seen[2].vlan, 0);
	n_seen = 0;
	ANSWER(recorded_link_with_stats);
	assert_int_equal(weft_vf_each(ours, IFINDEX, true, note, NULL), 0);
	assert_int_equal(n_seen, 3);
	assert_true(seen[1].has_stats);
}

static void
a_vf_that_is_not_there(void **state)
{
	struct weft_vf vf;

	(void)state;
	ANSWER(recorded_link);
	assert_int_equal(weft_vf_get(ours, IFINDEX, 3, &vf), -ENOENT);
}

// Every answer that is cut short is read without a look beyond its end.
static void
answers_that_are_cut_short(void **state)
{
	static uint8_t message[sizeof(recorded_link)];

	(void)state;
	for (size_t size = 0; size < sizeof(recorded_link); size += 3) {
		uint32_t length = (uint32_t)size;
		uint8_t *copy = malloc(size + 1);

		memcpy(message, recorded_link, size);
		memcpy(message, &length, sizeof(length));
		memcpy(copy, message, size);
		n_seen = 0;
		if (size) {
			answer(copy, size);
			answer(recorded_done, sizeof(recorded_done));
			weft_vf_each(ours, IFINDEX, false, note, NULL);
		}
		free(copy);
		tear_down(NULL);
		set_up(NULL);
	}
}

static void
only_what_differs_is_set(void **state)
{
	struct weft_vf want = { .mac = 0x525400000010, .vlan = 100, .qos = 3, .tpid = WEFT_VF_8021Q, .max_rate = 80 },
		       was;
	uint8_t asked[512];
	struct nlmsghdr *message = (struct nlmsghdr *)asked;
	unsigned int mask = 1 << WEFT_VF_MAC | 1 << WEFT_VF_VLAN | 1 << WEFT_VF_RATE;
	static uint8_t after[sizeof(recorded_link)];
	struct weft_error err;
	const uint8_t rate[] = { 0x10, 0x00, 0x06, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0 };
	uint8_t *at;

	(void)state;
	memcpy(after, recorded_link, sizeof(after));
	at = memmem(after, sizeof(after), "\x10\x00\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x32", 13);
	assert_non_null(at);
	at[12] = 80;
	ANSWER(recorded_link);
	ANSWER(recorded_done);
	ANSWER(after);
	assert_int_equal(weft_vf_set(ours, IFINDEX, &want, mask, &was, &err), 0);
	assert_int_equal(was.max_rate, 50);
	assert_true(question(asked, sizeof(asked)) > 0);
	assert_int_equal(message->nlmsg_type, RTM_GETLINK);
	assert_true(question(asked, sizeof(asked)) > 0);
	assert_int_equal(message->nlmsg_type, RTM_SETLINK);
	assert_int_equal(((struct ifinfomsg *)NLMSG_DATA(message))->ifi_index, IFINDEX);
	assert_memory_equal(asked + message->nlmsg_len - sizeof(rate), rate, sizeof(rate));
	assert_true(question(asked, sizeof(asked)) > 0);
	assert_int_equal(question(asked, sizeof(asked)), 0);
}

// The MAC is set, the VLAN is refused: the MAC goes back to what it was.
static void
what_is_refused_half_way_is_rolled_back(void **state)
{
	struct weft_vf want = { .mac = 0x525400000099, .vlan = 7, .tpid = WEFT_VF_8021Q }, was;
	const uint8_t mac[] = { 0x52, 0x54, 0, 0, 0, 0x10 };
	uint8_t asked[512];
	struct weft_error err;

	(void)state;
	ANSWER(recorded_link);
	ANSWER(recorded_done);
	ANSWER(recorded_refusal);
	ANSWER(recorded_done);
	assert_int_equal(
		weft_vf_set(ours, IFINDEX, &want, 1 << WEFT_VF_MAC | 1 << WEFT_VF_VLAN, &was, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "its VLAN: Operation not supported");
	for (unsigned int i = 0; i < 3; i++)
		assert_true(question(asked, sizeof(asked)) > 0);
	assert_true(question(asked, sizeof(asked)) > 0);
	assert_non_null(memmem(asked, sizeof(asked), mac, sizeof(mac)));
	assert_int_equal(question(asked, sizeof(asked)), 0);
}

// A driver that says that it has done it, and has not.
static void
what_is_not_there_afterwards_was_not_done(void **state)
{
	struct weft_vf want = { .max_rate = 80 }, was;
	struct weft_error err;

	(void)state;
	ANSWER(recorded_link);
	ANSWER(recorded_done);
	ANSWER(recorded_link);
	ANSWER(recorded_done);
	assert_int_equal(weft_vf_set(ours, IFINDEX, &want, 1 << WEFT_VF_RATE, &was, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "its rate: Operation not supported");
}

static void
an_eswitch_that_is_not_there(void **state)
{
	(void)state;
	ANSWER(recorded_refusal);
	assert_int_equal(weft_sriov_eswitch(ours, "0000:03:00.0"), WEFT_ESWITCH_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attributes_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_vf_that_is_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answers_that_are_cut_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_differs_is_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_refused_half_way_is_rolled_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_there_afterwards_was_not_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_eswitch_that_is_not_there, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

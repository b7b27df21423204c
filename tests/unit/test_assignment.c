// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// VFs are assigned, changed and released, and drift is repaired. The test plays the kernel: it has a sysfs of its own,
// and a thread that answers netlink for a PF with four VFs and remembers what it was told.
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sys/socket.h>

#include "fake_sysfs.h"
#include "control/vf/drift.h"
#include "control/vf/enforcement.h"
#include "policy.h"

#pragma GCC diagnostic ignored "-Wcast-qual"

#define VFS 4
#define PF  PCI "0000:03:00.0/"

static struct kernel {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct ifla_vf_mac mac[VFS];
	struct ifla_vf_vlan_info vlan[VFS];
	struct ifla_vf_rate rate[VFS];
	struct ifla_vf_spoofchk spoof[VFS], trust[VFS], link[VFS];
	int refuse; // IFLA_VF_ that it does not take
	bool deaf;  // it says that it has done it, and has not
} kernel = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
show_pf(const struct nlmsghdr *question)
{
	static char buffer[8192];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct nlattr *list, *info, *vlans;

	m->nlmsg_type = RTM_NEWLINK;
	m->nlmsg_seq = question->nlmsg_seq;
	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	list = mnl_attr_nest_start(m, IFLA_VFINFO_LIST);
	for (unsigned int i = 0; i < VFS; i++) {
		info = mnl_attr_nest_start(m, IFLA_VF_INFO);
		mnl_attr_put(m, IFLA_VF_MAC, sizeof(kernel.mac[i]), &kernel.mac[i]);
		mnl_attr_put(m, IFLA_VF_RATE, sizeof(kernel.rate[i]), &kernel.rate[i]);
		mnl_attr_put(m, IFLA_VF_SPOOFCHK, sizeof(kernel.spoof[i]), &kernel.spoof[i]);
		mnl_attr_put(m, IFLA_VF_TRUST, sizeof(kernel.trust[i]), &kernel.trust[i]);
		mnl_attr_put(m, IFLA_VF_LINK_STATE, sizeof(kernel.link[i]), &kernel.link[i]);
		vlans = mnl_attr_nest_start(m, IFLA_VF_VLAN_LIST);
		mnl_attr_put(m, IFLA_VF_VLAN_INFO, sizeof(kernel.vlan[i]), &kernel.vlan[i]);
		mnl_attr_nest_end(m, vlans);
		mnl_attr_nest_end(m, info);
	}
	mnl_attr_nest_end(m, list);
	assert_int_equal(send(kernel.fd, m, m->nlmsg_len, 0), m->nlmsg_len);
}

// What every attribute of a VF begins with is its number.
static void
set_attribute(const struct nlattr *attr)
{
	const void *value = mnl_attr_get_payload(attr);
	unsigned int vf;

	if (mnl_attr_get_type(attr) == IFLA_VF_VLAN_LIST)
		value = mnl_attr_get_payload(mnl_attr_get_payload(attr));
	memcpy(&vf, value, sizeof(vf));
	switch (mnl_attr_get_type(attr)) {
	case IFLA_VF_MAC:
		memcpy(&kernel.mac[vf], value, sizeof(kernel.mac[vf]));
		break;
	case IFLA_VF_VLAN_LIST:
		memcpy(&kernel.vlan[vf], value, sizeof(kernel.vlan[vf]));
		break;
	case IFLA_VF_RATE:
		memcpy(&kernel.rate[vf], value, sizeof(kernel.rate[vf]));
		break;
	case IFLA_VF_SPOOFCHK:
		memcpy(&kernel.spoof[vf], value, sizeof(kernel.spoof[vf]));
		break;
	case IFLA_VF_TRUST:
		memcpy(&kernel.trust[vf], value, sizeof(kernel.trust[vf]));
		break;
	case IFLA_VF_LINK_STATE:
		memcpy(&kernel.link[vf], value, sizeof(kernel.link[vf]));
		break;
	}
}

static void
set_vf(const struct nlmsghdr *question)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} done = { .header = {
			   .nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = question->nlmsg_seq } };
	const struct nlattr *list, *info, *attr;

	mnl_attr_for_each(list, question, sizeof(struct ifinfomsg))
	{
		mnl_attr_for_each_nested(info, list)
		{
			mnl_attr_for_each_nested(attr, info)
			{
				if (mnl_attr_get_type(attr) == kernel.refuse)
					done.error.error = -EINVAL;
				else if (!kernel.deaf)
					set_attribute(attr);
			}
		}
	}
	assert_int_equal(send(kernel.fd, &done, sizeof(done), 0), sizeof(done));
}

static void *
answer(void *arg)
{
	static char buffer[8192];
	const struct nlmsghdr *question = (const void *)buffer;

	(void)arg;
	while (recv(kernel.fd, buffer, sizeof(buffer), 0) > 0) {
		pthread_mutex_lock(&kernel.lock);
		if (question->nlmsg_type == RTM_SETLINK)
			set_vf(question);
		else
			show_pf(question);
		pthread_mutex_unlock(&kernel.lock);
	}
	return NULL;
}

static struct weft_model *model;

static int
set_up(void **state)
{
	int pair[2];

	(void)state;
	strcpy(strrchr(root, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(root));
	setenv("WEFT_SYSFS", root, 1);
	make(PF "class", "0x020000\n");
	make(PF "sriov_totalvfs", "4\n");
	make(PF "sriov_numvfs", "4\n");
	make(PF "net/eth0/ifindex", "5\n");
	make(PF "net/eth0/speed", "10000\n");
	make(PF "net/eth0/mtu", "1500\n");
	make("class/net/eth0/mtu", "1500\n");
	lead("class/net/eth0/device", "../../../0000:03:00.0");
	lead(PF "driver", "../../../../bus/pci/drivers/ice");
	for (unsigned int i = 0; i < VFS; i++) {
		char path[64], target[64];

		snprintf(path, sizeof(path), PCI "0000:03:10.%u/class", i);
		make(path, "0x020000\n");
		snprintf(path, sizeof(path), PCI "0000:03:10.%u/driver", i);
		lead(path, "../../../../bus/pci/drivers/vfio-pci");
		snprintf(path, sizeof(path), PF "virtfn%u", i);
		snprintf(target, sizeof(target), "../0000:03:10.%u", i);
		lead(path, target);
		kernel.mac[i] = (struct ifla_vf_mac){ .vf = i };
		kernel.vlan[i] = (struct ifla_vf_vlan_info){ .vf = i, .vlan_proto = __builtin_bswap16(WEFT_VF_8021Q) };
		kernel.rate[i] = (struct ifla_vf_rate){ .vf = i };
		kernel.spoof[i] = (struct ifla_vf_spoofchk){ i, 1 };
		kernel.trust[i] = kernel.link[i] = (struct ifla_vf_spoofchk){ i, 0 };
	}
	kernel.refuse = 0;
	kernel.deaf = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	weft_enforcement_set_socket(pair[0]);
	kernel.fd = pair[1];
	assert_int_equal(pthread_create(&kernel.thread, NULL, answer, NULL), 0);
	return 0;
}

static int
tear_down(void **state)
{
	weft_assignment_forget();
	close(weft_enforcement_socket());
	pthread_join(kernel.thread, NULL);
	close(kernel.fd);
	weft_model_free(model);
	model = NULL;
	return remove_sysfs(state);
}

#define VF_PORT(name, index, mac, plan)                                                                                \
	"\"" name "\": {\"network\": \"n\", \"mac\": \"52:54:00:00:00:" mac "\", \"plan\": \"" plan                    \
	"\", \"attach\": {\"type\": \"vf\", \"pf\": \"eth0\", \"index\": " index ", \"use\": \"passthrough\"}}"
#define POLICY(ports)                                                                                                  \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {\"encap\": \"vlan\", \"vlan\": 100, \"firewall\": false}}, "    \
	"\"plans\": {\"six\": {\"min_rate\": \"6G\"}, \"four\": {\"min_rate\": \"4G\", \"from_vm\": {\"rate\": "       \
	"\"5G\"}}, "                                                                                                   \
	"\"five\": {\"min_rate\": \"5G\"}}, \"ports\": {" ports "}}}}"

static int
take(const char *path, struct weft_error *err)
{
	return weft_assignment_make(model, weft_model_port(model, path), err);
}

static void
load(const char *policy)
{
	struct weft_error err = { "" };

	if (model)
		weft_model_free(model);
	model = policy_model(policy, &err);
	if (model == NULL)
		print_error("%s\n", err.text);
	assert_non_null(model);
}

static void
a_pf_is_divided_as_far_as_its_link_goes(void **state)
{
	struct weft_error err = { "" };

	(void)state;
	load(POLICY(VF_PORT("a", "0", "10", "six") "," VF_PORT("b", "1", "11", "four") "," VF_PORT(
		"c", "2", "12", "five")));
	assert_int_equal(take("t/a", &err), 0);
	assert_int_equal(take("t/b", &err), 0);
	weft_assignment_accept();
	assert_int_equal(kernel.rate[0].min_tx_rate, 6000);
	assert_int_equal(kernel.rate[1].min_tx_rate, 4000);
	assert_int_equal(kernel.rate[1].max_tx_rate, 5000);
	assert_int_equal(take("t/c", &err), -ENOSPC);
	assert_string_equal(err.text,
		"port t/c: the guarantees (min_rate) of 3 VFs of eth0 are 15000 Mbit/s together, and its "
		"link has 10000: lower them by 5000");
	assert_null(weft_assignment_find("t/c"));
	assert_int_equal(kernel.mac[2].mac[5], 0);
	// One goes, and there is room.
	weft_assignment_leave("t/a");
	assert_int_equal(take("t/c", &err), 0);
	weft_assignment_accept();
	assert_int_equal(kernel.rate[0].min_tx_rate, 0);
	// Whoever drives the one that went has no link any more.
	assert_int_equal(kernel.link[0].setting, IFLA_VF_LINK_STATE_DISABLE);
	assert_int_equal(kernel.link[2].setting, IFLA_VF_LINK_STATE_AUTO);
	assert_int_equal(kernel.rate[2].min_tx_rate, 5000);
}

static void
what_is_aborted_is_as_before(void **state)
{
	struct weft_error err = { "" };

	(void)state;
	kernel.trust[1].setting = 1;
	kernel.mac[1].mac[5] = 0x77;
	load(POLICY(VF_PORT("a", "0", "10", "six") "," VF_PORT("b", "1", "11", "four")));
	assert_int_equal(take("t/a", &err), 0);
	weft_assignment_accept();
	load(POLICY(VF_PORT("a", "0", "20", "five") "," VF_PORT("b", "1", "11", "four")));
	assert_int_equal(take("t/a", &err), 0);
	assert_int_equal(take("t/b", &err), 0);
	assert_int_equal(kernel.rate[0].min_tx_rate, 5000);
	assert_int_equal(kernel.trust[1].setting, 0);
	weft_assignment_abort();
	// A's as its policy had it, B's as the host had it.
	assert_int_equal(kernel.rate[0].min_tx_rate, 6000);
	assert_int_equal(kernel.mac[0].mac[5], 0x10);
	assert_int_equal(kernel.vlan[1].vlan, 0);
	assert_int_equal(kernel.trust[1].setting, 1);
	assert_int_equal(kernel.mac[1].mac[5], 0x77);
	assert_non_null(weft_assignment_find("t/a"));
	assert_null(weft_assignment_find("t/b"));
}

static void
what_a_driver_refuses_half_way_is_rolled_back(void **state)
{
	struct weft_error err = { "" };

	(void)state;
	load(POLICY(VF_PORT("a", "0", "10", "six")));
	kernel.refuse = IFLA_VF_RATE;
	assert_int_equal(take("t/a", &err), -EINVAL);
	assert_non_null(strstr(err.text, "PF eth0 (ice) refuses to set up VF 0: its rate: Invalid argument"));
	assert_int_equal(kernel.vlan[0].vlan, 0);
	assert_int_equal(kernel.mac[0].mac[5], 0);
	kernel.refuse = 0;
	kernel.deaf = true;
	assert_int_equal(take("t/a", &err), -EOPNOTSUPP);
	assert_null(weft_assignment_find("t/a"));
}

static void
drift_is_repaired_and_counted(void **state)
{
	struct weft_error err = { "" };

	(void)state;
	load(POLICY(VF_PORT("a", "0", "10", "six")));
	assert_int_equal(take("t/a", &err), 0);
	// Not before it is in force.
	kernel.vlan[0].vlan = 200;
	weft_drift_check();
	assert_int_equal(kernel.vlan[0].vlan, 200);
	weft_assignment_accept();
	weft_drift_check();
	assert_int_equal(kernel.vlan[0].vlan, 100);
	assert_int_equal(weft_assignment_find("t/a")->repaired, 1);
	weft_drift_check();
	assert_int_equal(weft_assignment_find("t/a")->repaired, 1);
	// What cannot be repaired is said.
	kernel.refuse = IFLA_VF_SPOOFCHK;
	kernel.spoof[0].setting = 0;
	weft_drift_check();
	assert_non_null(strstr(weft_assignment_find("t/a")->error, "spoof check"));
	kernel.refuse = 0;
	weft_drift_check();
	assert_int_equal(kernel.spoof[0].setting, 1);
	assert_string_equal(weft_assignment_find("t/a")->error, "");
}

static void
a_vf_has_one_port(void **state)
{
	struct weft_error err = { "" };
	struct weft_port *other;

	(void)state;
	load(POLICY(VF_PORT("a", "0", "10", "six") "," VF_PORT("b", "1", "11", "four")));
	assert_int_equal(take("t/a", &err), 0);
	// By another name of its PF's.
	other = (struct weft_port *)(uintptr_t)weft_model_port(model, "t/b");
	other->attach.index = 0;
	snprintf(other->attach.pf, sizeof(other->attach.pf), "0000:03:00.0");
	assert_int_equal(take("t/b", &err), -EBUSY);
	assert_string_equal(err.text, "port t/b: VF 0 of eth0 is already used by port t/a");
	assert_string_equal(weft_assignment_user("0000:03:10.0"), "t/a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pf_is_divided_as_far_as_its_link_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_aborted_is_as_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_driver_refuses_half_way_is_rolled_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(drift_is_repaired_and_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_vf_has_one_port, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

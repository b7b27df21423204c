// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "weft/vf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "weft/netlink_request.h"

// libmnl's loops over attributes cast const away.
#pragma GCC diagnostic ignored "-Wcast-qual"

#define SKIP_STATS (1 << 3) // RTEXT_FILTER_SKIP_STATS; kernels before 4.17 ignore it

const char *
weft_vf_attr_name(enum weft_vf_attr attr)
{
	static const char *const names[WEFT_VF_N_ATTRS] = { "link state", "MAC", "VLAN", "spoof check", "trust",
		"rate" };

	return names[attr];
}

// Copies SIZE bytes of ATTR. False: it is shorter.
static bool
payload(const struct nlattr *attr, void *to, size_t size)
{
	if (mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), size);
	return true;
}

static void
read_vlans(const struct nlattr *list, struct weft_vf *vf)
{
	const struct nlattr *attr;
	struct ifla_vf_vlan_info info;

	mnl_attr_for_each_nested(attr, list)
	{
		if (mnl_attr_get_type(attr) != IFLA_VF_VLAN_INFO || !payload(attr, &info, sizeof(info)))
			continue;
		vf->vlan = (uint16_t)info.vlan;
		vf->qos = (uint8_t)info.qos;
		vf->tpid = __builtin_bswap16(info.vlan_proto);
		vf->known |= 1 << WEFT_VF_VLAN;
	}
}

static void
read_stats(const struct nlattr *list, struct weft_vf *vf)
{
	uint64_t *const to[] = {
		[IFLA_VF_STATS_RX_PACKETS] = &vf->stats.rx_packets,
		[IFLA_VF_STATS_TX_PACKETS] = &vf->stats.tx_packets,
		[IFLA_VF_STATS_RX_BYTES] = &vf->stats.rx_bytes,
		[IFLA_VF_STATS_TX_BYTES] = &vf->stats.tx_bytes,
		[IFLA_VF_STATS_BROADCAST] = &vf->stats.broadcast,
		[IFLA_VF_STATS_MULTICAST] = &vf->stats.multicast,
		[IFLA_VF_STATS_PAD] = NULL,
		[IFLA_VF_STATS_RX_DROPPED] = &vf->stats.rx_dropped,
		[IFLA_VF_STATS_TX_DROPPED] = &vf->stats.tx_dropped,
	};
	const struct nlattr *attr;

	vf->has_stats = true;
	mnl_attr_for_each_nested(attr, list)
	{
		unsigned int type = mnl_attr_get_type(attr);

		if (type < sizeof(to) / sizeof(to[0]) && to[type])
			payload(attr, to[type], sizeof(*to[type]));
	}
}

static void
read_attribute(const struct nlattr *attr, struct weft_vf *vf)
{
	struct ifla_vf_mac mac;
	struct ifla_vf_rate rate;
	struct ifla_vf_spoofchk setting; // trust and link state have the same shape

	switch (mnl_attr_get_type(attr)) {
	case IFLA_VF_MAC:
		if (!payload(attr, &mac, sizeof(mac)))
			return;
		vf->index = mac.vf;
		vf->mac = 0;
		for (unsigned int i = 0; i < 6; i++)
			vf->mac = vf->mac << 8 | mac.mac[i];
		vf->known |= 1 << WEFT_VF_MAC;
		break;
	case IFLA_VF_VLAN_LIST:
		read_vlans(attr, vf);
		break;
	case IFLA_VF_RATE:
		if (!payload(attr, &rate, sizeof(rate)))
			return;
		vf->min_rate = rate.min_tx_rate;
		vf->max_rate = rate.max_tx_rate;
		vf->known |= 1 << WEFT_VF_RATE;
		break;
	case IFLA_VF_STATS:
		read_stats(attr, vf);
		break;
	case IFLA_VF_SPOOFCHK:
	case IFLA_VF_TRUST:
	case IFLA_VF_LINK_STATE:
		// A driver that does not report it leaves all ones.
		if (!payload(attr, &setting, sizeof(setting)) || setting.setting == UINT32_MAX)
			return;
		if (mnl_attr_get_type(attr) == IFLA_VF_SPOOFCHK) {
			vf->spoof_check = setting.setting != 0;
			vf->known |= 1 << WEFT_VF_SPOOF_CHECK;
		} else if (mnl_attr_get_type(attr) == IFLA_VF_TRUST) {
			vf->trust = setting.setting != 0;
			vf->known |= 1 << WEFT_VF_TRUST;
		} else if (setting.setting <= IFLA_VF_LINK_STATE_DISABLE) {
			vf->link = (int)setting.setting;
			vf->known |= 1 << WEFT_VF_LINK;
		}
		break;
	}
}

struct each {
	void (*fn)(void *arg, const struct weft_vf *vf);
	void *arg;
};

static int
on_link(const struct nlmsghdr *message, void *arg)
{
	const struct each *each = arg;
	const struct nlattr *attr, *info, *one;

	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) != IFLA_VFINFO_LIST)
			continue;
		mnl_attr_for_each_nested(info, attr)
		{
			struct weft_vf vf = { .tpid = WEFT_VF_8021Q };

			mnl_attr_for_each_nested(one, info) read_attribute(one, &vf);
			each->fn(each->arg, &vf);
		}
	}
	return MNL_CB_STOP;
}

static struct nlmsghdr *
link_message(char *buffer, unsigned int ifindex, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *ifi;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	ifi = mnl_nlmsg_put_extra_header(message, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	return message;
}

int
weft_vf_each(int fd, unsigned int ifindex, bool stats, void (*fn)(void *arg, const struct weft_vf *vf), void *arg)
{
	char buffer[MNL_NLMSG_HDRLEN + 64] = { 0 };
	struct nlmsghdr *message = link_message(buffer, ifindex, RTM_GETLINK, 0);
	struct each each = { .fn = fn, .arg = arg };

	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_VF | (stats ? 0 : SKIP_STATS));
	return weft_netlink_request(fd, message, on_link, &each);
}

struct wanted {
	struct weft_vf *vf;
	unsigned int index;
	bool found;
};

static void
take(void *arg, const struct weft_vf *vf)
{
	struct wanted *wanted = arg;

	if (vf->index == wanted->index && vf->known & 1 << WEFT_VF_MAC) {
		*wanted->vf = *vf;
		wanted->found = true;
	}
}

int
weft_vf_get(int fd, unsigned int ifindex, unsigned int index, struct weft_vf *vf)
{
	struct wanted wanted = { .vf = vf, .index = index };
	int ret = weft_vf_each(fd, ifindex, false, take, &wanted);

	return ret || wanted.found ? ret : -ENOENT;
}

static bool
same(const struct weft_vf *a, const struct weft_vf *b, enum weft_vf_attr attr)
{
	switch (attr) {
	case WEFT_VF_LINK:
		return a->link == b->link;
	case WEFT_VF_MAC:
		return a->mac == b->mac;
	case WEFT_VF_VLAN:
		return a->vlan == b->vlan && a->qos == b->qos && (a->vlan == 0 || a->tpid == b->tpid);
	case WEFT_VF_SPOOF_CHECK:
		return a->spoof_check == b->spoof_check;
	case WEFT_VF_TRUST:
		return a->trust == b->trust;
	case WEFT_VF_RATE:
		return a->min_rate == b->min_rate && a->max_rate == b->max_rate;
	case WEFT_VF_N_ATTRS:
		break;
	}
	return true;
}

// Whether VF has the attribute's value of a new VF. A driver that does not report the attribute is taken to have that.
static bool
is_initial(const struct weft_vf *vf, enum weft_vf_attr attr)
{
	return (attr == WEFT_VF_TRUST && !vf->trust) || (attr == WEFT_VF_LINK && vf->link == WEFT_VF_LINK_AUTO) ||
	       (attr == WEFT_VF_RATE && vf->min_rate == 0 && vf->max_rate == 0);
}

unsigned int
weft_vf_differs(const struct weft_vf *vf, const struct weft_vf *want, unsigned int mask)
{
	unsigned int differs = 0;

	for (unsigned int i = 0; i < WEFT_VF_N_ATTRS; i++)
		if (mask & 1 << i && (vf->known & 1 << i ? !same(vf, want, i) : !is_initial(want, i)))
			differs |= 1 << i;
	return differs;
}

static void
put_attribute(struct nlmsghdr *message, const struct weft_vf *vf, enum weft_vf_attr attr)
{
	struct ifla_vf_spoofchk setting = { .vf = vf->index };
	struct ifla_vf_mac mac = { .vf = vf->index };
	struct ifla_vf_rate rate = { .vf = vf->index, .min_tx_rate = vf->min_rate, .max_tx_rate = vf->max_rate };
	struct ifla_vf_vlan_info vlan = {
		.vf = vf->index, .vlan = vf->vlan, .qos = vf->qos, .vlan_proto = __builtin_bswap16(vf->tpid)
	};
	struct nlattr *list;

	switch (attr) {
	case WEFT_VF_LINK:
		setting.setting = (uint32_t)vf->link;
		mnl_attr_put(message, IFLA_VF_LINK_STATE, sizeof(setting), &setting);
		break;
	case WEFT_VF_MAC:
		for (unsigned int i = 0; i < 6; i++)
			mac.mac[i] = (uint8_t)(vf->mac >> (40 - 8 * i));
		mnl_attr_put(message, IFLA_VF_MAC, sizeof(mac), &mac);
		break;
	case WEFT_VF_VLAN:
		list = mnl_attr_nest_start(message, IFLA_VF_VLAN_LIST);
		mnl_attr_put(message, IFLA_VF_VLAN_INFO, sizeof(vlan), &vlan);
		mnl_attr_nest_end(message, list);
		break;
	case WEFT_VF_SPOOF_CHECK:
		setting.setting = vf->spoof_check;
		mnl_attr_put(message, IFLA_VF_SPOOFCHK, sizeof(setting), &setting);
		break;
	case WEFT_VF_TRUST:
		setting.setting = vf->trust;
		mnl_attr_put(message, IFLA_VF_TRUST, sizeof(setting), &setting);
		break;
	case WEFT_VF_RATE:
		mnl_attr_put(message, IFLA_VF_RATE, sizeof(rate), &rate);
		break;
	case WEFT_VF_N_ATTRS:
		break;
	}
}

static int
set_one(int fd, unsigned int ifindex, const struct weft_vf *vf, enum weft_vf_attr attr)
{
	char buffer[MNL_NLMSG_HDRLEN + 256] = { 0 };
	struct nlmsghdr *message = link_message(buffer, ifindex, RTM_SETLINK, NLM_F_ACK);
	struct nlattr *list = mnl_attr_nest_start(message, IFLA_VFINFO_LIST);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_VF_INFO);

	put_attribute(message, vf, attr);
	mnl_attr_nest_end(message, info);
	mnl_attr_nest_end(message, list);
	return weft_netlink_request(fd, message, NULL, NULL);
}

int
weft_vf_set(int fd, unsigned int ifindex, const struct weft_vf *want, unsigned int mask, struct weft_vf *before,
	struct weft_error *err)
{
	struct weft_vf now;
	unsigned int differs, done = 0;
	int ret = weft_vf_get(fd, ifindex, want->index, before), attr = 0;

	if (ret)
		return weft_fail(err, -ret, "VF %u cannot be read: %s", want->index, strerror(-ret));
	differs = weft_vf_differs(before, want, mask);
	for (int i = 0; ret == 0 && i < WEFT_VF_N_ATTRS; i++) {
		if (!(differs & 1 << i))
			continue;
		attr = i;
		ret = set_one(fd, ifindex, want, i);
		if (ret == 0)
			done |= 1 << i;
	}
	// Some drivers accept what they do not do.
	if (ret == 0 && differs) {
		ret = weft_vf_get(fd, ifindex, want->index, &now);
		differs = ret ? 0 : weft_vf_differs(&now, want, done & before->known);
		if (differs) {
			attr = __builtin_ctz(differs);
			ret = -EOPNOTSUPP;
		}
	}
	if (ret == 0)
		return 0;
	for (int i = WEFT_VF_N_ATTRS - 1; i >= 0; i--)
		if (done & 1 << i && before->known & 1 << i)
			set_one(fd, ifindex, before, i);
	return weft_fail(err, -ret, "its %s: %s", weft_vf_attr_name(attr), strerror(-ret));
}

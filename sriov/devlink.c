// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The mode of a PF's embedded switch, over generic netlink (linux/devlink.h).
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "weft/netlink_request.h"
#include "weft/sriov.h"

// libmnl's loops over attributes cast const away.
#pragma GCC diagnostic ignored "-Wcast-qual"

static struct nlmsghdr *
begin(char *buffer, uint16_t type, uint8_t command, uint8_t version)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(message, sizeof(*genl));
	genl->cmd = command;
	genl->version = version;
	return message;
}

struct number {
	uint16_t type;	// of the attribute
	uint32_t value; // UINT32_MAX: the message had none
};

static int
on_number(const struct nlmsghdr *message, void *arg)
{
	struct number *number = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == number->type && mnl_attr_get_payload_len(attr) >= sizeof(uint16_t))
			number->value = mnl_attr_get_u16(attr);
	}
	return MNL_CB_STOP;
}

// The number of devlink's family, or -errno.
static int
family(int fd)
{
	char buffer[MNL_NLMSG_HDRLEN + 64] = { 0 };
	struct nlmsghdr *message = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	struct number id = { .type = CTRL_ATTR_FAMILY_ID, .value = UINT32_MAX };
	int ret;

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	ret = weft_netlink_request(fd, message, on_number, &id);
	return ret ? ret : id.value == UINT32_MAX ? -ENOENT : (int)id.value;
}

enum weft_eswitch
weft_sriov_eswitch(int fd, const char *address)
{
	char buffer[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct number mode = { .type = DEVLINK_ATTR_ESWITCH_MODE, .value = UINT32_MAX };
	int id = family(fd);
	struct nlmsghdr *message;

	if (id < 0)
		return WEFT_ESWITCH_NONE;
	message = begin(buffer, (uint16_t)id, DEVLINK_CMD_ESWITCH_GET, DEVLINK_GENL_VERSION);
	mnl_attr_put_strz(message, DEVLINK_ATTR_BUS_NAME, "pci");
	mnl_attr_put_strz(message, DEVLINK_ATTR_DEV_NAME, address);
	if (weft_netlink_request(fd, message, on_number, &mode))
		return WEFT_ESWITCH_NONE;
	return mode.value == DEVLINK_ESWITCH_MODE_SWITCHDEV ? WEFT_ESWITCH_SWITCHDEV
	       : mode.value == DEVLINK_ESWITCH_MODE_LEGACY  ? WEFT_ESWITCH_LEGACY
							    : WEFT_ESWITCH_NONE;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "weft/netlink_request.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <sys/socket.h>

#define BUFFER 131072 // a PF with all its VFs is one message; its list of VFs is 64 KiB at most

int
weft_netlink_request(int fd, struct nlmsghdr *request, int (*fn)(const struct nlmsghdr *message, void *arg), void *arg)
{
	static char buffer[BUFFER];
	static unsigned int seq;
	ssize_t n;
	int ret = MNL_CB_OK;

	request->nlmsg_seq = ++seq;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		n = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		if ((size_t)n > sizeof(buffer))
			return -EMSGSIZE;
		ret = mnl_cb_run(buffer, (size_t)n, seq, 0, fn, arg);
	}
	return ret < 0 ? -errno : 0;
}

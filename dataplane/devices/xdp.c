// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "xdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "uplink.h"
// bpftool has written this header.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "dataplane/devices/uplink.skel.h"
#pragma GCC diagnostic pop

#define NAME	  "weft_uplink"
#define MAPS_MOST 16

static_assert(
	(int)WEFT_UPLINK_FILTER_N_COUNTS == UPLINK_N_COUNTS && (int)WEFT_UPLINK_FILTER_DENIED == UPLINK_DENIED_SOURCE,
	"both count the same");

enum { ADDRESSES, VLANS, DENIED, COUNTS, STATE, N_MAPS };
static const char *const map_names[N_MAPS] = { "weft_addresses", "weft_vlans", "weft_denied", "weft_counts",
	"weft_state" };

struct weft_xdp {
	unsigned int ifindex;
	char ifname[IF_NAMESIZE];
	int object; // the program's ELF file, in memory
	int map[N_MAPS];
	struct weft_ip address; // this and the following: what the maps contain
	uint64_t vlans[4096 / 64];
	struct weft_uplink_prefix *denied;
	uint32_t n_denied;
};

// When a process started, in ticks since the machine did: field 22 of its line in /proc, after a name in brackets. 0:
// there is no such process.
static uint64_t
start_of(uint32_t pid)
{
	char path[64], line[1024] = "";
	unsigned long long start = 0;
	const char *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	for (unsigned int i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (p)
		sscanf(p, "%llu", &start);
	return start;
}

// Opens the maps of the interface's XDP program. Returns 0 or -errno; 1: there is no program, or it is not weft's.
static int
find_maps(unsigned int ifindex, int map[N_MAPS])
{
	uint32_t ids[MAPS_MOST], id = 0, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MOST, .map_ids = (uintptr_t)ids };
	int ret = bpf_xdp_query_id((int)ifindex, 0, &id), fd;

	memset(map, -1, N_MAPS * sizeof(map[0]));
	if (ret || id == 0)
		return ret ? ret : 1;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	ret = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	if (ret || strcmp(info.name, NAME))
		return ret ? -errno : 1;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MOST; i++) {
		struct bpf_map_info one = { 0 };

		len = sizeof(one);
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &one, &len))
			continue;
		for (unsigned int k = 0; k < N_MAPS && fd >= 0; k++)
			if (strcmp(one.name, map_names[k]) == 0) {
				map[k] = fd;
				fd = -1;
			}
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static void
close_maps(int map[N_MAPS])
{
	for (unsigned int i = 0; i < N_MAPS; i++)
		if (map[i] >= 0)
			close(map[i]);
	memset(map, -1, N_MAPS * sizeof(map[0]));
}

// A weftd that was killed leaves its program, which keeps out the new one: removes it. A program whose weftd runs
// stays.
static int
take_over(struct weft_xdp *xdp, struct weft_error *err)
{
	struct uplink_state state = { 0 };
	uint32_t zero = 0;
	int map[N_MAPS], ret = find_maps(xdp->ifindex, map);

	if (ret < 0)
		return weft_fail(
			err, -ret, "interface %s: cannot read its XDP program: %s", xdp->ifname, strerror(-ret));
	if (ret)
		return 0;
	if (map[STATE] >= 0)
		bpf_map_lookup_elem(map[STATE], &zero, &state);
	close_maps(map);
	if (state.pid && start_of(state.pid) == state.start)
		return weft_fail(err, EBUSY, "interface %s: the weftd with process ID %u already uses it", xdp->ifname,
			state.pid);
	ret = bpf_xdp_detach((int)xdp->ifindex, 0, NULL);
	if (ret)
		return weft_fail(err, -ret,
			"interface %s: cannot remove the XDP program that a former weftd has left: %s", xdp->ifname,
			strerror(-ret));
	WEFT_LOG(NOTICE, "event=xdp-taken-over interface=%s pid=%u", xdp->ifname, state.pid);
	return 0;
}

static int
ask(const struct weft_xdp *xdp, unsigned long what, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	memcpy(ifr->ifr_name, xdp->ifname, sizeof(ifr->ifr_name));
	ret = fd < 0 ? -1 : ioctl(fd, what, ifr);
	if (fd >= 0)
		close(fd);
	return ret;
}

int
weft_xdp_fits(const struct weft_xdp *xdp, uint16_t mtu)
{
	struct ifreq ifr = { 0 };

	return ask(xdp, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu >= mtu ? 0 : -EMSGSIZE;
}

// weft reads one queue. What arrives on others would go to the kernel, which does not know the tunnels.
static int
check_interface(const struct weft_xdp *xdp, uint16_t mtu, struct weft_error *err)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (void *)&channels };

	if (weft_xdp_fits(xdp, mtu))
		return weft_fail(err, EMSGSIZE,
			"interface %s: the networks need an MTU of %u on the uplink; run 'ip link set %s mtu %u', or "
			"lower their "
			"\"mtu\"",
			xdp->ifname, mtu, xdp->ifname, mtu);
	if (ask(xdp, SIOCETHTOOL, &ifr) == 0 && channels.combined_count + channels.rx_count > 1)
		return weft_fail(err, EINVAL,
			"interface %s has %u queues, and weft reads one; run 'ethtool -L %s combined 1'", xdp->ifname,
			channels.combined_count + channels.rx_count, xdp->ifname);
	return 0;
}

struct weft_xdp *
weft_xdp_new(const char *ifname, uint16_t mtu, char argument[64], struct weft_error *err)
{
	struct weft_xdp *xdp = calloc(1, sizeof(*xdp));
	const void *bytes;
	size_t size;

	if (xdp == NULL) {
		weft_fail(err, ENOMEM, "interface %s: no memory", ifname);
		return NULL;
	}
	memset(xdp->map, -1, sizeof(xdp->map));
	snprintf(xdp->ifname, sizeof(xdp->ifname), "%s", ifname);
	xdp->ifindex = if_nametoindex(ifname);
	xdp->object = -1;
	if (xdp->ifindex == 0) {
		weft_fail(err, ENODEV, "there is no interface %s; see 'ip link'", ifname);
		weft_xdp_free(xdp);
		return NULL;
	}
	if (check_interface(xdp, mtu, err) || take_over(xdp, err)) {
		weft_xdp_free(xdp);
		return NULL;
	}
	bytes = uplink_bpf__elf_bytes(&size);
	xdp->object = memfd_create(NAME, MFD_CLOEXEC);
	if (xdp->object < 0 || write(xdp->object, bytes, size) != (ssize_t)size) {
		weft_fail(err, errno, "interface %s: no memory for the XDP program", ifname);
		weft_xdp_free(xdp);
		return NULL;
	}
	snprintf(argument, 64, "xdp_prog=/proc/self/fd/%d", xdp->object);
	return xdp;
}

int
weft_xdp_begin(struct weft_xdp *xdp, struct weft_error *err)
{
	struct uplink_state state = { .pid = (uint32_t)getpid(), .start = start_of((uint32_t)getpid()) };
	int ret = find_maps(xdp->ifindex, xdp->map);
	uint32_t zero = 0;

	if (ret < 0)
		return weft_fail(err, -ret,
			"interface %s: cannot reach the maps of its XDP program (CAP_SYS_ADMIN): %s", xdp->ifname,
			strerror(-ret));
	for (unsigned int i = 0; i < N_MAPS; i++)
		if (ret || xdp->map[i] < 0)
			return weft_fail(err, ENOENT,
				"interface %s: its XDP program is not weft's; see 'ip link show %s'", xdp->ifname,
				xdp->ifname);
	return bpf_map_update_elem(xdp->map[STATE], &zero, &state, BPF_ANY) ? -errno : 0;
}

static int
set_address(struct weft_xdp *xdp, const struct weft_uplink_filter *filter)
{
	static const struct weft_ip none;
	uint8_t one = 1;
	int ret = 0;

	if (memcmp(&xdp->address, &filter->address, sizeof(filter->address)) == 0)
		return 0;
	if (memcmp(&filter->address, &none, sizeof(none)))
		ret = bpf_map_update_elem(xdp->map[ADDRESSES], &filter->address, &one, BPF_ANY);
	if (ret == 0 && memcmp(&xdp->address, &none, sizeof(none)))
		bpf_map_delete_elem(xdp->map[ADDRESSES], &xdp->address);
	if (ret == 0)
		xdp->address = filter->address;
	return ret ? -errno : 0;
}

static int
set_vlans(struct weft_xdp *xdp, const struct weft_uplink_filter *filter)
{
	for (uint32_t vid = 0; vid < UPLINK_VLANS; vid++) {
		uint64_t bit = UINT64_C(1) << (vid % 64);
		uint8_t now = !!(filter->vlans[vid / 64] & bit);

		if (now == !!(xdp->vlans[vid / 64] & bit))
			continue;
		if (bpf_map_update_elem(xdp->map[VLANS], &vid, &now, BPF_ANY))
			return -errno;
		xdp->vlans[vid / 64] ^= bit;
	}
	return 0;
}

static bool
has_prefix(const struct weft_uplink_prefix *list, uint32_t n, const struct weft_uplink_prefix *prefix)
{
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(&list[i], prefix, sizeof(*prefix)) == 0)
			return true;
	return false;
}

// Adds the new prefixes before it removes old ones, so that no source gets through that is denied before and after.
static int
set_denied(struct weft_xdp *xdp, const struct weft_uplink_filter *filter)
{
	struct uplink_state state;
	struct weft_uplink_prefix *copy = calloc(filter->n_denied + 1, sizeof(*copy));
	uint8_t one = 1;
	uint32_t zero = 0;

	if (copy == NULL || bpf_map_lookup_elem(xdp->map[STATE], &zero, &state)) {
		free(copy);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < filter->n_denied; i++) {
		struct uplink_prefix key = { .bits = filter->denied[i].bits };

		copy[i] = filter->denied[i];
		memcpy(&key.address, &filter->denied[i].address, sizeof(key.address));
		if (bpf_map_update_elem(xdp->map[DENIED], &key, &one, BPF_ANY)) {
			free(copy);
			return -errno;
		}
	}
	state.n_denied = filter->n_denied;
	bpf_map_update_elem(xdp->map[STATE], &zero, &state, BPF_ANY);
	for (uint32_t i = 0; i < xdp->n_denied; i++) {
		struct uplink_prefix key = { .bits = xdp->denied[i].bits };

		memcpy(&key.address, &xdp->denied[i].address, sizeof(key.address));
		if (!has_prefix(copy, filter->n_denied, &xdp->denied[i]))
			bpf_map_delete_elem(xdp->map[DENIED], &key);
	}
	free(xdp->denied);
	xdp->denied = copy;
	xdp->n_denied = filter->n_denied;
	return 0;
}

int
weft_xdp_set(struct weft_xdp *xdp, const struct weft_uplink_filter *filter)
{
	int ret = set_address(xdp, filter);

	if (ret == 0)
		ret = set_vlans(xdp, filter);
	if (ret == 0 && (filter->n_denied != xdp->n_denied ||
				(filter->n_denied && memcmp(filter->denied, xdp->denied,
							     filter->n_denied * sizeof(filter->denied[0])))))
		ret = set_denied(xdp, filter);
	return ret;
}

void
weft_xdp_counts(const struct weft_xdp *xdp, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS])
{
	int n_cpus = libbpf_num_possible_cpus();
	struct uplink_count *each = n_cpus > 0 ? calloc((size_t)n_cpus, sizeof(*each)) : NULL;

	memset(counts, 0, WEFT_UPLINK_FILTER_N_COUNTS * sizeof(counts[0]));
	for (uint32_t what = 0; each && what < WEFT_UPLINK_FILTER_N_COUNTS; what++) {
		if (bpf_map_lookup_elem(xdp->map[COUNTS], &what, each))
			continue;
		for (int cpu = 0; cpu < n_cpus; cpu++) {
			counts[what].packets += each[cpu].packets;
			counts[what].bytes += each[cpu].bytes;
		}
	}
	free(each);
}

void
weft_xdp_free(struct weft_xdp *xdp)
{
	close_maps(xdp->map);
	if (xdp->object >= 0)
		close(xdp->object);
	free(xdp->denied);
	free(xdp);
}

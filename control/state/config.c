// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/base/field.h"
#include "control/base/json.h"
#include "control/policy/kinds.h"

struct workers {
	uint16_t n;
	uint16_t cpu[WEFT_MAX_WORKERS];
};

struct parsed {
	struct weft_config config;
	struct workers workers;
	int idle;
};

static int
parse_workers(const json_t *value, void *to, char expected[160])
{
	struct workers *workers = to;
	size_t i;
	json_t *cpu;

	snprintf(expected, 160, "a list of 1 to %d CPU numbers such as [2, 3], one for each worker", WEFT_MAX_WORKERS);
	if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > WEFT_MAX_WORKERS)
		return -1;
	workers->n = 0;
	json_array_foreach ((json_t *)(uintptr_t)value, i, cpu) {
		if (!json_is_integer(cpu) || json_integer_value(cpu) < 0 || json_integer_value(cpu) >= CPU_SETSIZE)
			return -1;
		workers->cpu[workers->n++] = json_integer_value(cpu);
	}
	return 0;
}

#define AT(member) .offset = offsetof(struct parsed, member), .size = sizeof(((struct parsed *)0)->member)

static const char *const idles[] = { "adaptive", "busy", NULL };

static int
parse_endpoints(const json_t *value, void *to, char expected[160])
{
	struct weft_etcd_config *etcd = to;
	size_t i;
	json_t *item;

	snprintf(expected, 160, "a list of 1 to %d addresses such as \"http://10.0.0.1:2379\"", WEFT_MAX_ENDPOINTS);
	if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > WEFT_MAX_ENDPOINTS)
		return -1;
	etcd->n_endpoints = 0;
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		const char *text = json_string_value(item);

		if (text == NULL || strlen(text) >= sizeof(etcd->endpoint[0]) ||
			(strncmp(text, "http://", 7) && strncmp(text, "https://", 8)))
			return -1;
		snprintf(etcd->endpoint[etcd->n_endpoints++], sizeof(etcd->endpoint[0]), "%s", text);
	}
	return 0;
}

static const struct weft_field etcd_fields[] = {
	{ "endpoints", WEFT_FIELD_CUSTOM, AT(config.etcd), .parse = parse_endpoints, .required = true,
		.help = "etcd's client addresses" },
	{ "prefix", WEFT_FIELD_STRING, AT(config.etcd.prefix), .help = "of all keys" },
	{ "user", WEFT_FIELD_STRING, AT(config.etcd.user), .help = "etcd's user; without it, none is sent" },
	{ "password_file", WEFT_FIELD_STRING, AT(config.etcd.password_file), .help = "the file with its password" },
	{ "ca", WEFT_FIELD_STRING, AT(config.etcd.ca),
		.help = "PEM file of the authority that signed etcd's certificate" },
	{ "cert", WEFT_FIELD_STRING, AT(config.etcd.cert), .help = "PEM file of this host's certificate" },
	{ "key", WEFT_FIELD_STRING, AT(config.etcd.key), .help = "PEM file of its key" },
	{ "lease_s", WEFT_FIELD_UINT, AT(config.etcd.lease_s), .min = 2, .max = 600,
		.help = "a host that is silent for so many seconds counts as dead" },
	{ "prepare_s", WEFT_FIELD_UINT, AT(config.etcd.prepare_s), .min = 1, .max = 600,
		.help = "seconds that hosts may take to prepare a generation" },
	{ 0 },
};

#define TIMEOUT(state)                                                                                                 \
	.offset = offsetof(struct parsed, config.engine.timeout) + (state) * sizeof(uint32_t), .size = sizeof(uint32_t)
#define SECONDS "seconds that a connection in this state lives without a packet"

static const struct weft_field timeout_fields[] = {
	{ "syn_sent", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_SYN_SENT), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "syn_received", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_SYN_RECEIVED), .min = 1, .max = 1u << 24,
		.help = SECONDS },
	{ "established", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_ESTABLISHED), .min = 1, .max = 1u << 24,
		.help = SECONDS },
	{ "fin", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_FIN), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "last_ack", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_LAST_ACK), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "closed", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_CLOSED), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "udp_single", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_UDP_SINGLE), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "udp_stream", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_UDP_STREAM), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "echo", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_ECHO), .min = 1, .max = 1u << 24, .help = SECONDS },
	{ "other_single", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_OTHER_SINGLE), .min = 1, .max = 1u << 24,
		.help = SECONDS },
	{ "other_stream", WEFT_FIELD_UINT, TIMEOUT(WEFT_SESSION_OTHER_STREAM), .min = 1, .max = 1u << 24,
		.help = SECONDS },
	{ 0 },
};

static const struct weft_field fields[] = {
	{ "workers", WEFT_FIELD_CUSTOM, AT(workers), .parse = parse_workers, .help = "CPUs of the workers" },
	{ "control_cpus", WEFT_FIELD_STRING, AT(config.control_cpus), .help = "CPUs of all other threads" },
	{ "idle", WEFT_FIELD_ENUM, AT(idle), .names = idles, .help = "what a worker does while it has no packets" },
	{ "max_sleep_us", WEFT_FIELD_UINT, AT(config.engine.max_sleep_us), .min = 1, .max = 10000,
		.help = "the longest sleep of an adaptive worker, in microseconds" },
	{ "hugepages", WEFT_FIELD_BOOL, AT(config.hugepages), .help = "packet memory in huge pages" },
	{ "pci", WEFT_FIELD_BOOL, AT(config.pci), .help = "look for PCI devices" },
	{ "memory_mb", WEFT_FIELD_UINT, AT(config.memory_mb), .min = 64, .max = 1u << 20,
		.help = "memory of the data plane, in MB" },
	{ "mbufs", WEFT_FIELD_UINT, AT(config.engine.n_mbufs), .min = 1024, .max = 1u << 24, .help = "packet buffers" },
	{ "fdb_size", WEFT_FIELD_UINT, AT(config.engine.fdb_size), .min = 16, .max = 1u << 24,
		.help = "learned addresses" },
	{ "fdb_age_s", WEFT_FIELD_UINT, AT(config.engine.fdb_age_s), .min = 1, .max = 1u << 20,
		.help = "seconds that a learned address lives without traffic" },
	{ "multicast_query_s", WEFT_FIELD_UINT, AT(config.engine.multicast_query_s), .max = 3600,
		.help = "seconds between two multicast queries to guests; 0: a router sends the queries" },
	{ "sessions", WEFT_FIELD_UINT, AT(config.engine.sessions), .min = 64, .max = 1u << 26,
		.help = "connections that a worker can track; each takes 152 bytes of memory_mb" },
	{ "fragments", WEFT_FIELD_UINT, AT(config.engine.fragments), .min = 4, .max = 1u << 20,
		.help = "datagrams whose fragments a worker can track at the same time" },
	{ "timeouts", WEFT_FIELD_OBJECT, .offset = 0, .fields = timeout_fields,
		.help = "how long connections live without a packet, by state" },
	{ "socket", WEFT_FIELD_STRING, AT(config.socket), .help = "where weftctl finds weftd" },
	{ "socket_mode", WEFT_FIELD_UINT, AT(config.socket_mode), .max = 0777,
		.help = "the socket's mode, as a decimal number" },
	{ "socket_group", WEFT_FIELD_STRING, AT(config.socket_group), .help = "the group that may change things" },
	{ "state_dir", WEFT_FIELD_STRING, AT(config.state_dir), .help = "where applied objects are kept" },
	{ "vhost_dir", WEFT_FIELD_STRING, AT(config.vhost_dir), .help = "where guests' sockets are" },
	{ "policy", WEFT_FIELD_STRING, AT(config.policy), .help = "objects that are applied at every start" },
	{ "host", WEFT_FIELD_STRING, AT(config.host), .help = "this host's name in the cluster" },
	{ "policy_memory_mb", WEFT_FIELD_UINT, AT(config.policy_memory_mb), .min = 1, .max = 1u << 20,
		.help = "memory of the compiled policy, in MB" },
	{ "etcd", WEFT_FIELD_OBJECT, .offset = 0, .fields = etcd_fields,
		.help = "the cluster's store; without it this host is on its own" },
	{ "file_prefix", WEFT_FIELD_STRING, AT(config.file_prefix), .help = "DPDK's --file-prefix" },
	{ "dpdk_args", WEFT_FIELD_STRING, AT(config.dpdk_args), .help = "more arguments for DPDK" },
	{ 0 },
};

static uint16_t
last_cpu(void)
{
	cpu_set_t set;
	uint16_t last = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			last = cpu;
	return last;
}

static void
set_defaults(struct parsed *p)
{
	p->workers = (struct workers){ .n = 1, .cpu = { last_cpu() } };
	p->config = (struct weft_config){
		.engine = { .max_sleep_us = 100,
			.n_mbufs = 65536,
			.fdb_size = 65536,
			.fdb_age_s = 300,
			.multicast_query_s = 125, // RFC 3376, 8.2
			.sessions = 1 << 18,
			.fragments = 4096 },
		.hugepages = true,
		.pci = true,
		.memory_mb = 512,
		.file_prefix = "weft",
		.socket = "/run/weft/weftd.sock",
		.socket_mode = 0660,
		.state_dir = "/var/lib/weft",
		.vhost_dir = "/run/weft/vhost",
		.policy_memory_mb = 64,
		.etcd = { .prefix = "/weft/v1", .lease_s = 10, .prepare_s = 10 },
	};
	gethostname(p->config.host, sizeof(p->config.host) - 1);
}

static int
set_dev_defaults(struct parsed *p, const char *dev, struct weft_error *err)
{
	struct weft_config *c = &p->config;

	if (snprintf(c->socket, sizeof(c->socket), "%s/weftd.sock", dev) >= (int)sizeof(c->socket))
		return weft_fail(
			err, ENAMETOOLONG, "--dev %s: too long for a UNIX socket below it; choose a shorter path", dev);
	snprintf(c->state_dir, sizeof(c->state_dir), "%s/state", dev);
	snprintf(c->vhost_dir, sizeof(c->vhost_dir), "%s/vhost", dev);
	snprintf(c->file_prefix, sizeof(c->file_prefix), "weft-dev-%d", (int)getpid());
	c->hugepages = false;
	c->pci = false;
	c->memory_mb = 256;
	c->engine.n_mbufs = 16384;
	c->engine.fdb_size = 16384;
	c->engine.max_sleep_us = 500;
	c->engine.sessions = 65536;
	c->engine.fragments = 1024;
	return 0;
}

static int
make_dir(const char *dir, struct weft_error *err)
{
	char path[256];

	for (size_t i = 1; i < sizeof(path) && dir[i - 1]; i++) {
		if (dir[i] != '/' && dir[i] != 0)
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)i, dir);
		if (mkdir(path, 0755) && errno != EEXIST)
			return weft_fail(err, errno, "cannot make the folder %s: %s", path, strerror(errno));
	}
	return 0;
}

static int
make_dirs(const struct weft_config *config, struct weft_error *err)
{
	char parent[108];
	char *slash;
	int ret;

	snprintf(parent, sizeof(parent), "%s", config->socket);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = 0;
		if ((ret = make_dir(parent, err)))
			return ret;
	}
	ret = make_dir(config->state_dir, err);
	return ret ? ret : make_dir(config->vhost_dir, err);
}

int
weft_config_load(const char *file, const char *dev, struct weft_config *config, struct weft_error *err)
{
	struct parsed p = { 0 };
	char in_dev[300];
	json_t *json = NULL;
	int ret = 0;

	set_defaults(&p);
	if (dev) {
		if ((ret = set_dev_defaults(&p, dev, err)) || (ret = make_dir(dev, err)))
			return ret;
		snprintf(in_dev, sizeof(in_dev), "%s/weftd.json", dev);
		if (file == NULL && access(in_dev, F_OK) == 0)
			file = in_dev;
	}
	if (file) {
		json = weft_json_load_file(file, err);
		ret = json ? weft_fields_parse(fields, file, json, &p, err) : -errno;
		json_decref(json);
	}
	if (ret == 0 && !weft_name_valid(p.config.host))
		ret = weft_fail(err, EINVAL,
			"host: \"%s\" is not a name: set \"host\" to 1 to 63 letters, digits, '.', '_' and '-'",
			p.config.host);
	if (ret)
		return ret;
	*config = p.config;
	config->engine.idle = p.idle ? WEFT_IDLE_BUSY : WEFT_IDLE_ADAPTIVE;
	config->engine.n_workers = p.workers.n;
	memcpy(config->worker_cpu, p.workers.cpu, sizeof(config->worker_cpu));
	return make_dirs(config, err);
}

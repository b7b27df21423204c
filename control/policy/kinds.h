// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The kinds of policy objects, as parsed and checked structs. One description of each kind drives parsing, defaults,
// errors and the schema. Objects are immutable; the control thread owns them.
#pragma once

#include "weft/portio.h"
#include "weft/snapshot.h"

#include "control/base/field.h"

#define WEFT_NAME_SIZE	64		      // of one part of a name
#define WEFT_PATH_SIZE	(2 * WEFT_NAME_SIZE)  // "tenant/name"
#define WEFT_KEY_SIZE	(WEFT_PATH_SIZE + 32) // "tenants/tenant/networks/name"
#define WEFT_MAX_IPS	32		      // of each family
#define WEFT_MAX_GROUPS 16		      // of one port
#define WEFT_MAX_RULES	4000		      // of one group
#define WEFT_MAX_RANGES 16		      // of ports, in one rule
#define WEFT_N_VLANS	4096
#define WEFT_MAX_VID	4094

struct weft_kind;

// What every object begins with.
struct weft_object {
	const struct weft_kind *kind;
	char key[WEFT_KEY_SIZE];   // its place: "tenants/tenant/ports/name", "tenants/tenant/limits", "hosts/name"
	char path[WEFT_PATH_SIZE]; // its name for people: "tenant/name", "tenant", "name"
	char *text;		   // compact JSON with all defaults, keys sorted: equal objects have equal texts
	uint64_t serial;	   // no other object of this process has it
};

// A name for what the object says: who has read it can tell whether it has changed.
#define WEFT_ETAG_SIZE 17
void weft_object_etag(const struct weft_object *object, char etag[WEFT_ETAG_SIZE]);

struct weft_kind {
	const char *name;   // "port"
	const char *plural; // "ports": its place in a bundle
	const char *help;
	bool in_tenant; // below tenants.TENANT, else at the top
	bool single;	// one in a tenant, without a name of its own
	bool providers; // concerns more than the tenant itself: see scope.h
	size_t size;	// of its struct
	const struct weft_field *fields;
	void (*derive)(json_t *json); // adds defaults that depend on other fields, before parsing; may be NULL
	void (*init)(struct weft_object *object); // what is not zero before parsing; may be NULL
	int (*check)(const char *where, const struct weft_object *object, struct weft_error *err); // may be NULL
};

extern const struct weft_kind weft_kind_network, weft_kind_group, weft_kind_plan, weft_kind_limits, weft_kind_port,
	weft_kind_retired, weft_kind_host, weft_kind_tenant_rules, weft_kind_provider_rules;

// All of them, NULL at the end; what others refer to stands before those.
extern const struct weft_kind *const weft_kinds[];

enum weft_encap { WEFT_ENCAP_LOCAL, WEFT_ENCAP_VLAN, WEFT_ENCAP_VXLAN, WEFT_ENCAP_GENEVE };

struct weft_network {
	struct weft_object o;
	int encap;     // enum weft_encap
	uint32_t vni;  // with encap vxlan or geneve
	uint16_t vlan; // on uplinks; with encap vlan
	uint16_t mtu;
	bool learning;
	bool snooping;
	bool firewall;
	int tcp;		  // 0: strict, 1: liberal
	bool pickup;		  // connections may be picked up in the middle
	struct weft_list subnets; // of char[WEFT_NAME_SIZE]
};

enum weft_direction { WEFT_DIR_IN, WEFT_DIR_OUT };

struct weft_rule {
	char name[WEFT_NAME_SIZE];
	int direction;	   // enum weft_direction
	uint32_t priority; // the lowest is judged first
	int action;	   // enum weft_action
	int16_t protocol;  // IP protocol number; -1: any
	struct {
		uint8_t n; // 0: any
		struct {
			uint16_t low, high;
		} range[WEFT_MAX_RANGES];
	} ports;
	struct {
		int16_t type, code; // -1: any
	} icmp;
	struct {
		char group[WEFT_NAME_SIZE];
		char network[WEFT_NAME_SIZE];
		char cidr[WEFT_NAME_SIZE];
	} remote; // all empty: any
	bool stateless;
	bool log;
};

// A group; and with rules only, a tenant's or the provider's tier.
struct weft_group {
	struct weft_object o;
	struct weft_list rules; // of struct weft_rule
	int default_in;		// enum weft_action
	int default_out;
	int on_revocation;   // 0: drop, 1: reject
	bool names_networks; // some rule does
};

struct weft_plan_way {
	uint64_t rate;	// bits per second of the L2 frame without FCS; 0: no limit
	uint64_t burst; // bytes
	uint64_t pps;	// packets per second; 0: no limit
};

struct weft_plan {
	struct weft_object o;
	struct weft_plan_way from_vm, to_vm;
	uint64_t min_rate;
	uint32_t weight;
	int16_t dscp; // -1: as it is
};

enum weft_isolation { WEFT_ISOLATION_KEEP, WEFT_ISOLATION_DENY_NEW, WEFT_ISOLATION_DENY_ALL };

struct weft_limits {
	struct weft_object o;
	uint32_t ports; // 0: no limit; and so on
	uint64_t sessions;
	uint64_t half_open;
	uint64_t fragmented;
	uint64_t new_sessions_per_second;
	uint64_t rate;
	int on_isolation; // enum weft_isolation: what a host that lost the cluster does with the tenant's ports
};

struct weft_ips {
	uint8_t n4, n6;
	struct weft_prefix4 v4[WEFT_MAX_IPS];
	struct weft_prefix6 v6[WEFT_MAX_IPS];
};

struct weft_vlan_set {
	uint64_t bits[WEFT_N_VLANS / 64];
	bool given;
};

enum weft_port_state { WEFT_PORT_UP, WEFT_PORT_DOWN, WEFT_PORT_QUARANTINED };

#define WEFT_VLAN_UNSET UINT16_MAX

// No device of its own: a VLAN on the host's uplink.
#define WEFT_ATTACH_GATEWAY WEFT_N_ATTACH_TYPES

// A VF: polled, which makes it an Ethernet device, or passed through, and then no packet of it passes weft.
#define WEFT_ATTACH_VF (WEFT_N_ATTACH_TYPES + 1)
#define WEFT_VF_UNSET  UINT16_MAX

enum weft_vf_use { WEFT_VF_POLLED, WEFT_VF_PASSTHROUGH };
enum weft_vf_enforce { WEFT_VF_STRICT, WEFT_VF_LENIENT };

struct weft_port {
	struct weft_object o;
	char network[WEFT_NAME_SIZE]; // of the same tenant; empty: an uplink of all VLAN networks
	char vm[WEFT_NAME_SIZE];
	char host[WEFT_NAME_SIZE]; // empty: not bound to a host, which alone means: here
	char plan[WEFT_NAME_SIZE];
	uint64_t rate;		 // of an uplink; 0: not said
	struct weft_list groups; // of char[WEFT_NAME_SIZE]
	uint64_t mac;		 // 0: not named
	struct weft_ips ips;
	struct {
		uint16_t access; // WEFT_VLAN_UNSET where not given, and so on
		uint16_t native;
		uint16_t qinq;
		int tpid; // 0: 802.1q, 1: 802.1ad
		struct weft_vlan_set trunk;
	} vlan;
	struct {
		int type; // enum weft_attach_type, WEFT_ATTACH_GATEWAY or WEFT_ATTACH_VF
		int mode; // 0: client, 1: server
		char path[512];
		char device[256];
		uint16_t queues; // 0: as many as the guest wants, up to WEFT_MAX_QUEUE_PAIRS
		int rings;	 // 0: weft's own, 1: the library's
		uint16_t vlan;	 // of a gateway
		bool share;	 // the kernel keeps the interface
		char pf[32];	 // of a VF
		uint16_t index;	 // in its PF; WEFT_VF_UNSET where not given
		int use;	 // enum weft_vf_use
		int enforce;	 // enum weft_vf_enforce
	} attach;
	struct {
		uint32_t rate[WEFT_N_FLOOD_CLASSES]; // packets per second, 0: no limit
	} flood;
	uint32_t max_macs;
	int state;	 // enum weft_port_state
	uint16_t worker; // WEFT_OWNER_NONE: weft places it
};

// What a port leaves behind when it is retired: nobody else may have its addresses for a time.
struct weft_retired {
	struct weft_object o;
	char network[WEFT_NAME_SIZE];
	uint64_t mac;
	struct weft_ips ips;
	uint64_t until; // seconds since 1970
};

struct weft_host {
	struct weft_object o;
	struct {
		struct weft_ip address;	  // none: tunnels do not lead to it
		uint8_t length;		  // of its network's prefix; 0: not given, all hosts are on its link
		struct weft_ip gateway;	  // to hosts outside of that, or none
		bool checksum;		  // UDP checksums are sent
		uint32_t bfd_interval_ms; // 0: other hosts are not watched
		uint32_t bfd_multiplier;
	} tunnel;
	struct weft_list uplinks; // of char[WEFT_NAME_SIZE]
	struct weft_list deny;	  // of char[WEFT_NAME_SIZE]: prefixes
};

// Takes KEY apart: its kind, its tenant (empty for hosts) and its name (empty where the kind is single). Returns 0,
// or -EINVAL with ERR.
int weft_key_parse(const char *key, const struct weft_kind **kind, char tenant[WEFT_NAME_SIZE],
	char name[WEFT_NAME_SIZE], struct weft_error *err);

// The key of an object from its kind and its path ("tenant/name", "tenant" or "name").
void weft_key_make(const struct weft_kind *kind, const char *path, char key[WEFT_KEY_SIZE]);

const struct weft_kind *weft_kind_by_plural(const char *plural);
const struct weft_kind *weft_kind_by_name(const char *name); // singular or plural

// Parses JSON, completed in place with the defaults, as the object of KEY. Returns a new object, or NULL with errno and
// ERR, which names the field by its path from the top of a bundle.
struct weft_object *weft_object_new(const char *key, json_t *json, struct weft_error *err);
void weft_object_free(struct weft_object *object);

// OBJECT as what has rules, or NULL: it is of another kind.
const struct weft_group *weft_rules_of(const struct weft_object *object);

// Whether it reaches other hosts through tunnels. NULL is not.
bool weft_network_is_tunnelled(const struct weft_network *network);

// The MTU that an uplink needs for the network: tunnels put headers in front of its frames.
uint16_t weft_network_wire_mtu(const struct weft_network *network);

// The tenant of an object that is in one.
void weft_object_tenant(const struct weft_object *object, char tenant[WEFT_NAME_SIZE]);

// Whether NAME can name an object: 1-63 of a-z A-Z 0-9 . _ -, the first a letter or digit.
bool weft_name_valid(const char *name);

// Parsers that several kinds use, as struct weft_field has them: of uint64_t, and of struct weft_ips.
int weft_parse_mac(const json_t *value, void *to, char expected[160]);
int weft_parse_ips(const json_t *value, void *to, char expected[160]);

#define WEFT_MAC_SCHEMA "{\"type\":\"string\",\"pattern\":\"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$\"}"
#define WEFT_IPS_SCHEMA "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"

// Where a field stands in its struct.
#define WEFT_AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

// Whether a device of DPDK's is opened for the port.
static inline bool
weft_port_has_device(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_ETH ||
	       (port->attach.type == WEFT_ATTACH_VF && port->attach.use == WEFT_VF_POLLED);
}

// Whether a VM drives the port's VF itself.
static inline bool
weft_port_is_passed_through(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_VF && port->attach.use == WEFT_VF_PASSTHROUGH;
}

static inline const char *
weft_name_at(const struct weft_list *names, uint32_t i)
{
	return (const char *)names->items + i * WEFT_NAME_SIZE;
}

static inline bool
weft_vlan_set_has(const struct weft_vlan_set *set, unsigned int vid)
{
	return set->bits[vid / 64] >> (vid % 64) & 1;
}

// Whether the port is a VLAN on the host's uplink.
static inline bool
weft_port_is_gateway(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_GATEWAY;
}

// Whether OBJECT is a port. False for NULL.
static inline bool
weft_is_port(const struct weft_object *object)
{
	return object && object->kind == &weft_kind_port;
}

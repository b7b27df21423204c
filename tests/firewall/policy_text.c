// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Random policies of one tenant "t": groups g0 to g5, its own rules, the provider's, and who is in which group.
#include <stdio.h>
#include <stdlib.h>

#include "generate.h"

#define N_GROUPS 6
#define TEXT	 65536

// Appends to a text of TEXT bytes.
#define ADD(text, used, ...) ((used) += (size_t)snprintf((text) + (used), TEXT - (used), __VA_ARGS__))

static size_t
add_remote(char *text, size_t used, bool provider)
{
	switch (generate_random(provider ? 3 : 6)) {
	case 0:
		return used;
	case 1:
		switch (generate_random(6)) {
		case 0:
			ADD(text, used, ", \"remote\": {\"cidr\": \"10.0.0.%u/30\"}", 4 * generate_random(4));
			break;
		case 1:
			ADD(text, used, ", \"remote\": {\"cidr\": \"10.0.0.%u\"}", generate_random(12));
			break;
		case 2:
			ADD(text, used, ", \"remote\": {\"cidr\": \"fd00::/16\"}");
			break;
		case 3:
			ADD(text, used, ", \"remote\": {\"cidr\": \"fd01::%x\"}", generate_random(12));
			break;
		case 4:
			ADD(text, used, ", \"remote\": {\"cidr\": \"0.0.0.0/%u\"}", generate_random(3));
			break;
		default:
			ADD(text, used, ", \"remote\": {\"cidr\": \"192.168.0.%u/29\"}", 8 * generate_random(2));
		}
		return used;
	case 2:
		ADD(text, used, ", \"remote\": {\"cidr\": \"%s\"}", generate_random(2) ? "::/0" : "0.0.0.0/0");
		return used;
	case 5:
		ADD(text, used, ", \"remote\": {\"network\": \"%s\"}", generate_random(2) ? "n" : "other");
		return used;
	default:
		ADD(text, used, ", \"remote\": {\"group\": \"g%u\"}", generate_random(N_GROUPS));
		return used;
	}
}

static size_t
add_service(char *text, size_t used)
{
	switch (generate_random(8)) {
	case 0:
	case 1:
		ADD(text, used, ", \"protocol\": \"tcp\", \"ports\": [%u, \"%u-%u\"]", 80 + generate_random(4),
			80 + generate_random(2), 82 + generate_random(2));
		return used;
	case 2:
		ADD(text, used, ", \"protocol\": \"%s\"", generate_random(2) ? "tcp" : "udp");
		return used;
	case 3:
		ADD(text, used, ", \"protocol\": \"udp\", \"ports\": [\"0-%u\"]", 80 + generate_random(4));
		return used;
	case 4:
		ADD(text, used, ", \"protocol\": \"icmp\", \"icmp\": {\"type\": 8%s}",
			generate_random(2) ? ", \"code\": 0" : "");
		return used;
	case 5:
		ADD(text, used, ", \"protocol\": \"%s\"", generate_random(2) ? "icmpv6" : "gre");
		return used;
	case 6:
		ADD(text, used, ", \"protocol\": \"sctp\", \"ports\": [\"82-65535\"]");
		return used;
	default:
		return used;
	}
}

static size_t
add_rules(char *text, size_t used, unsigned int most, bool provider)
{
	static const char *const actions[] = { "allow", "allow", "allow", "deny", "reject" };
	unsigned int n = generate_random(most + 1);

	ADD(text, used, "\"rules\": [");
	for (unsigned int i = 0; i < n; i++) {
		ADD(text, used, "%s{\"direction\": \"%s\", \"action\": \"%s\", \"priority\": %u%s", i ? ", " : "",
			generate_random(3) ? "in" : "out", actions[generate_random(5)], generate_random(4),
			generate_random(12) ? "" : ", \"stateless\": true");
		used = add_service(text, used);
		used = add_remote(text, used, provider);
		ADD(text, used, "}");
	}
	ADD(text, used, "]");
	return used;
}

static size_t
add_group(char *text, size_t used, unsigned int i)
{
	ADD(text, used, "\"g%u\": {", i);
	used = add_rules(text, used, 8, false);
	ADD(text, used, ", \"default_in\": \"%s\", \"default_out\": \"%s\"}", generate_random(3) ? "deny" : "allow",
		generate_random(3) ? "allow" : "reject");
	return used;
}

static size_t
add_port(char *text, size_t used, int slot)
{
	bool first = true;

	ADD(text, used, "\"p%d\": {\"network\": \"n\", \"mac\": \"02:00:00:00:00:%02x\"", slot, slot);
	if (slot != 4)
		ADD(text, used, ", \"ips\": [\"10.0.0.%d\", \"10.0.0.%d\", \"fd00::%x\"]", 2 * slot, 2 * slot + 1,
			2 * slot);
	ADD(text, used, ", \"groups\": [");
	for (unsigned int i = 0; i < N_GROUPS; i++) {
		if (generate_random(3))
			continue;
		ADD(text, used, "%s\"g%u\"", first ? "" : ", ", i);
		first = false;
	}
	ADD(text, used, "]}");
	return used;
}

char *
generate_start(void)
{
	char *text = malloc(TEXT);
	size_t used = 0;

	ADD(text, used,
		"{\"tenants\": {\"t\": {\"networks\": {\"n\": {\"encap\": \"vlan\", \"vlan\": 7, \"subnets\": "
		"[\"10.0.0.0/28\", "
		"\"fd00::/64\"]}, \"other\": {\"subnets\": [\"192.168.0.0/30\"]}}, "
		"\"limits\": {\"sessions\": 100000, \"half_open_sessions\": 100000, \"fragmented\": 65536}, "
		"\"groups\": {");
	for (unsigned int i = 0; i < N_GROUPS; i++) {
		used = add_group(text, used, i);
		ADD(text, used, "%s", i + 1 < N_GROUPS ? ", " : "}, \"ports\": {");
	}
	for (int slot = 1; slot < REF_PORTS; slot++) {
		used = add_port(text, used, slot);
		ADD(text, used, ", ");
	}
	ADD(text, used, "\"p%d\": {\"attach\": {\"type\": \"eth\", \"device\": \"net_null0\"}}}}}}", REF_PORTS);
	return text;
}

char *
generate_change(void)
{
	char *text = malloc(TEXT);
	size_t used = 0;

	switch (generate_random(6)) {
	case 0:
		ADD(text, used, "{\"provider-rules\": {\"base\": {");
		used = add_rules(text, used, 2, true);
		ADD(text, used, "}}}");
		break;
	case 1:
		ADD(text, used, "{\"tenants\": {\"t\": {\"rules\": {");
		used = add_rules(text, used, 2, false);
		ADD(text, used, "}}}}");
		break;
	case 2:
	case 3:
		ADD(text, used, "{\"tenants\": {\"t\": {\"ports\": {");
		used = add_port(text, used, 1 + (int)generate_random(REF_PORTS - 1));
		ADD(text, used, "}}}}");
		break;
	default:
		ADD(text, used, "{\"tenants\": {\"t\": {\"groups\": {");
		used = add_group(text, used, generate_random(N_GROUPS));
		ADD(text, used, "}}}}");
	}
	return text;
}

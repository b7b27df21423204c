// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "families.h"

#include <stddef.h>

const struct family port_families[] = {
	{ "weft_port_rx_packets", true, "Packets read from the port.", "counters.rx_packets", 1 },
	{ "weft_port_rx_bytes", true, "Bytes read from the port.", "counters.rx_bytes", 1 },
	{ "weft_port_tx_packets", true, "Packets written to the port.", "counters.tx_packets", 1 },
	{ "weft_port_tx_bytes", true, "Bytes written to the port.", "counters.tx_bytes", 1 },
	{ "weft_port_vf_not_enforced", false, "Fields of the policy of a port with a VF that nobody enforces.",
		"vf.not_enforced", 1 },
	{ "weft_port_vf_repairs", true,
		"Times that weft restored settings of a port's VF which somebody else had changed.", "vf.repaired", 1 },
	{ "weft_port_tx_lost_packets", true, "Packets for the port that weft could not write.", "counters.tx_lost", 1 },
	{ "weft_port_sessions", false, "Connections that count against the port.", "sessions.all", 1 },
	{ "weft_port_half_open_sessions", false, "Connections of the port that have no answer yet.",
		"sessions.half_open", 1 },
	{ 0 },
};

const struct family worker_families[] = {
	{ "weft_worker_packets", true, "Packets that the worker has moved.", "packets", 1 },
	{ "weft_worker_batches", true, "Vectors in which the packets came.", "batches", 1 },
	{ "weft_worker_busy_cycles", true, "TSC cycles of rounds that moved packets.", "busy_cycles", 1 },
	{ "weft_worker_idle_cycles", true, "TSC cycles of the other rounds, and of sleep.", "idle_cycles", 1 },
	{ "weft_worker_cycles_per_packet", false, "TSC cycles per packet, sampled.", "cycles_per_packet", 1 },
	{ "weft_worker_ports", false, "Ports that the worker owns.", "ports", 1 },
	{ "weft_worker_longest_sleep_seconds", false,
		"The longest time that a packet may have waited for the worker to wake up.", "longest_sleep_us", 1e-6 },
	{ 0 },
};

const struct family plan_families[] = {
	{ "weft_plan_from_vm_bytes", true, "Bytes that the VM has sent.", "from_vm.bytes", 1 },
	{ "weft_plan_from_vm_bits_per_second", false, "The rate at which the plan lets the VM send; 0: no limit.",
		"from_vm.rate", 1 },
	{ "weft_plan_throttled_seconds", true, "Time for which frames were left in the VM's rings.",
		"from_vm.throttled_us", 1e-6 },
	{ "weft_plan_throttled_by_tenant_seconds", true,
		"Part of weft_plan_throttled_seconds that the tenant's rate caused.", "from_vm.tenant_us", 1e-6 },
	{ "weft_plan_throttled_by_uplink_seconds", true,
		"Part of weft_plan_throttled_seconds that the uplink's rate caused.", "from_vm.uplink_us", 1e-6 },
	{ "weft_plan_to_vm_bytes", true, "Bytes that the VM has received.", "to_vm.bytes", 1 },
	{ "weft_plan_to_vm_bits_per_second", false, "The rate at which the plan lets the VM receive; 0: no limit.",
		"to_vm.rate", 1 },
	{ "weft_plan_waiting_bytes", false, "Bytes that wait for the VM now.", "to_vm.waiting_bytes", 1 },
	{ "weft_plan_waited_seconds", true, "Time that frames have waited for the VM, summed over frames.",
		"to_vm.waited_us", 1e-6 },
	{ "weft_plan_marked_packets", true, "Frames to the VM that were marked for congestion (ECN).", "to_vm.marked",
		1 },
	{ "weft_plan_dropped_packets", true, "Frames to the VM that the queue had no room for.", "to_vm.dropped", 1 },
	{ 0 },
};

const struct family tenant_families[] = {
	{ "weft_tenant_bits_per_second", false, "The tenant's rate, on all hosts.", "rate", 1 },
	{ "weft_tenant_share_bits_per_second", false, "The part of the tenant's rate that this host may use.", "here",
		1 },
	{ "weft_tenant_bytes", true, "Bytes that the tenant's ports have sent here.", "bytes", 1 },
	{ 0 },
};

const struct family session_families[] = {
	{ "weft_sessions", false, "Connections in the worker's table.", "sessions", 1 },
	{ "weft_sessions_size", false, "Connections for which the worker's table has room.", "size", 1 },
	{ "weft_sessions_opened", true, "Connections that were opened.", "opened", 1 },
	{ "weft_sessions_expired", true, "Connections that ended because they were silent for too long.", "expired",
		1 },
	{ "weft_sessions_evicted", true, "Connections that were removed to make room for others.", "evicted", 1 },
	{ "weft_sessions_revoked", true, "Connections that a change of the policy ended.", "revoked", 1 },
	{ 0 },
};

const struct family status_families[] = {
	{ "weft_generation", false, "The generation of the policy that is in force here.", "generation", 1 },
	{ "weft_generation_since_seconds", false, "When that generation came into force, in seconds since 1970.",
		"generation_since_us", 1e-6 },
	{ "weft_cluster_generation", false, "The latest generation that this host knows of.", "cluster_generation", 1 },
	{ "weft_fenced", false, "1 while this host has lost the cluster.", "fenced", 1 },
	{ "weft_ports", false, "Ports that this host has.", "ports", 1 },
	{ "weft_ports_up", false, "Ports of this host whose link is up.", "ports_up", 1 },
	{ "weft_ports_failed", false, "Ports whose device did not open.", "ports_failed", 1 },
	{ "weft_policy_memory_bytes", false, "Memory of the compiled policy.", "policy_memory_bytes", 1 },
	{ "weft_policy_memory_budget_bytes", false, "The most memory that the compiled policy may take.",
		"policy_memory_budget", 1 },
	{ "weft_socket_clients", false, "Clients of weftd's socket.", "clients", 1 },
	{ "weft_socket_clients_ended", true, "Clients of weftd's socket that it ended, because they cost too much.",
		"clients_ended", 1 },
	{ 0 },
};

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The cluster at a glance.
import { get, getOr } from "./api.js";
import { ago, clock, count, h, show, table, tiles, tone } from "./dom.js";

function statusTiles(status, sessions) {
  return tiles([
    ["Host", status.host],
    ["Generation", count(status.generation)],
    ["In force for", status.generation_since_us ? ago(status.generation_since_us) : "not yet"],
    ["Cluster", status.fenced ? "lost: fenced" : status.store === "etcd" ? "connected" : "one host", status.fenced ? "bad" : "good"],
    ["Ports", `${count(status.ports_up)} of ${count(status.ports)} up`],
    ["Failed", count(status.ports_failed), status.ports_failed ? "bad" : ""],
    ["Connections", sessions ? count(sessions.workers.reduce((sum, w) => sum + w.sessions, 0)) : "no access"],
    ["Version", status.version],
  ]);
}

function hostsTable(hosts) {
  return table([
    ["Host", (row) => row.host],
    ["State", (row) => h("span", { class: tone(row.state) }, row.state)],
    ["Generation", (row) => count(row.applied), "number"],
    ["Note", (row) => row.note || "", "text"],
  ], hosts);
}

function busyOf(now, before) {
  const busy = now.busy_cycles - before.busy_cycles;
  const all = busy + now.idle_cycles - before.idle_cycles;
  return all > 0 ? busy / all : 0;
}

function workersTable(workers, before) {
  return table([
    ["Worker", (row) => row.worker, "number"],
    ["CPU", (row) => row.cpu, "number"],
    ["Busy", (row) => {
      const busy = busyOf(row, before[row.worker] || row);
      return [h("meter", { min: 0, max: 1, high: 0.9, optimum: 0, value: busy }), ` ${Math.round(100 * busy)} %`];
    }],
    ["Packets a second", (row) => count(row.packets - (before[row.worker] || row).packets), "number"],
    ["Cycles a packet", (row) => Math.round(row.cycles_per_packet), "number"],
    ["Ports", (row) => count(row.ports), "number"],
  ], workers);
}

function generationsTable(generations) {
  const sizes = (row) => `+${row.added.length} ~${row.changed.length} -${row.removed.length}`;
  return table([
    ["Generation", (row) => row.generation, "number"],
    ["When", (row) => clock(row.time)],
    ["Who", (row) => row.who, "text"],
    ["How", (row) => row.note],
    ["Objects", sizes],
  ], generations.slice(0, 8), "Nothing has been changed yet.");
}

export async function overview(element) {
  let before = {};
  const refresh = async () => {
    const [status, sessions, hosts, workers, generations] = await Promise.all([get("status"), getOr(null, "state/session_counts"),
      getOr(null, "state/hosts"), getOr(null, "state/workers"), get("generations")]);
    const late = hosts ? hosts.hosts.filter((host) => host.state !== "live").length : 0;
    show(element,
      h("h1", {}, "Overview"), statusTiles(status, sessions),
      h("h2", {}, late ? `Hosts, ${late} not up to date` : "Hosts"),
      hosts ? hostsTable(hosts.hosts) : h("p", { class: "quiet" }, "You have no access to this."),
      workers ? h("h2", {}, "Workers") : "", workers ? workersTable(workers, before) : "",
      h("h2", {}, "Latest changes"), generationsTable(generations));
    before = Object.fromEntries((workers || []).map((row) => [row.worker, row]));
  };
  await refresh();
  return refresh;
}

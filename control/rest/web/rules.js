// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Groups, and one group's rules with what each has let pass or stopped.
import { get, parts } from "./api.js";
import { count, h, portLink, show, table } from "./dom.js";

function remote(rule) {
  const r = rule.remote || {};
  return r.group ? `group ${r.group}` : r.network ? `network ${r.network}` : r.cidr || "any";
}

function hitsOf(hits, full, name) {
  return hits.find((row) => row.rule === `${full} ${name}`) || { packets: 0, connections: 0 };
}

function groupView(element, full, group, hits, members) {
  const rows = [...group.rules].sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const tail = ["in", "out"].map((direction) => (
    { name: `default_${direction}`, direction, action: group[`default_${direction}`], last: true }));
  show(element, h("h1", {}, `Group ${full}`), table([
    ["Rule", (row) => row.name],
    ["Direction", (row) => row.direction],
    ["Priority", (row) => (row.last ? "last" : row.priority), "number"],
    ["Action", (row) => h("span", { class: row.action === "allow" ? "good" : "bad" }, row.action)],
    ["Protocol", (row) => row.protocol || "any"],
    ["Ports", (row) => (row.ports || []).join(", ") || "any", "text"],
    ["Remote", (row) => (row.last ? "any" : remote(row))],
    ["Packets", (row) => count(hitsOf(hits, full, row.name).packets), "number"],
    ["Connections", (row) => count(hitsOf(hits, full, row.name).connections), "number"],
    ["Last hit", (row) => {
      const last = hitsOf(hits, full, row.name).last_hit_s;
      return last === undefined ? "never" : `${last} s ago`;
    }],
  ], [...rows, ...tail]),
  h("h2", {}, "Members"), table([
    ["Port", (row) => portLink(row.port)],
    ["Host", (row) => row.host],
    ["Network", (row) => row.network],
    ["Addresses", (row) => (row.ips || []).join(", "), "text"],
  ], members, "This group has no members."));
}

async function list(element) {
  const groups = new Map();
  for (const row of await get("state/rules")) {
    const [full] = row.rule.split(" ");
    if (!full.includes("/")) continue;
    const sum = groups.get(full) || { full, rules: 0, packets: 0 };
    sum.rules++;
    sum.packets += row.packets;
    groups.set(full, sum);
  }
  show(element, h("h1", {}, "Groups with ports on this host"), table([
    ["Group", (row) => h("a", { href: `#/rules/${row.full}` }, row.full)],
    ["Rules", (row) => count(row.rules), "number"],
    ["Packets", (row) => count(row.packets), "number"],
  ], [...groups.values()].sort((a, b) => a.full.localeCompare(b.full)), "There are no groups; 'weftctl group add' makes one."));
}

export async function rules(element, [tenant, name]) {
  const full = `${tenant}/${name}`;
  const refresh = async () => {
    if (!name) {
      await list(element);
      return;
    }
    const [group, hits, state] = await Promise.all([get(`tenants/${parts(tenant)}/groups/${parts(name)}`),
      get(`state/rules?name=${encodeURIComponent(`${full} `)}`), get(`state/groups/${parts(full)}`)]);
    groupView(element, full, group, hits, state.members);
  };
  await refresh();
  return refresh;
}

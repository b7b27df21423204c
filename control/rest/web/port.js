// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One port: its state, policy, data plan with the rates that it gets, drops and connections.
import { get, getOr, parts } from "./api.js";
import { rateChart } from "./chart.js";
import { bits, bytes, count, h, show, table, tiles, tone } from "./dom.js";

const NO_SESSIONS = { sessions: [], matched: 0 }; // of a port whose packets do not pass weft
const PROTOCOLS = { 1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6" };

function stateTiles(state) {
  return tiles([
    ["State", state.state, tone(state.state)],
    ["Link", state.link, tone(state.link)],
    ["Network", state.network || "uplink"],
    ["MAC", state.mac || "any"],
    ["MTU", state.guest_mtu ? `${state.mtu}, the guest's ${state.guest_mtu}` : state.mtu],
    ["Worker", state.worker],
    [`From the port, ${count(state.counters.rx_packets)} packets`, bytes(state.counters.rx_bytes)],
    [`To the port, ${count(state.counters.tx_packets)} packets`, bytes(state.counters.tx_bytes)],
  ]);
}

function dropsTable(state) {
  const rows = Object.entries(state.drops).sort((a, b) => b[1] - a[1]);
  if (state.counters.tx_lost) rows.push(["could not be written to the port", state.counters.tx_lost]);
  return table([["Reason", ([reason]) => reason], ["Packets", ([, n]) => count(n), "number"]], rows, "Nothing was dropped.");
}

// Who enforces the policy of a port with a VF. Fields that nobody enforces come first.
function hardwarePart(vf) {
  if (!vf) return [];
  const order = ["nobody", "hardware", "software"];
  const rows = vf.enforced.filter((row) => order.includes(row.by)).sort((a, b) => order.indexOf(a.by) - order.indexOf(b.by));
  return [h("h2", {}, `VF ${vf.index} of ${vf.pf}, ${vf.use}`),
    h("p", { class: vf.not_enforced ? "bad" : "quiet" }, `Nobody enforces ${vf.not_enforced} parts of its policy. ` +
      `Somebody else changed its settings ${count(vf.repaired)} times, and weft restored them.`),
    table([["By", (row) => row.by], ["Object", (row) => row.object.split("/").slice(-2).join("/")], ["Field", (row) => row.field],
      ["How", (row) => row.how, "text"]], rows, "Nothing has to be enforced.")];
}

function end(e) {
  if (e.l4_port === undefined) return e.address;
  return e.address.includes(":") ? `[${e.address}]:${e.l4_port}` : `${e.address}:${e.l4_port}`;
}

function sessionsTable(sessions) {
  return table([
    ["From", (row) => end(row.from)],
    ["To", (row) => end(row.to)],
    ["Protocol", (row) => PROTOCOLS[row.protocol] || row.protocol],
    ["State", (row) => row.state],
    ["Packets", (row) => count(row.packets), "number"],
    ["Bytes", (row) => bytes(row.bytes), "number"],
    ["Idle", (row) => `${row.idle_s} s`, "number"],
    ["By rule", (row) => row.to.rule || row.from.rule || "", "text"],
  ], sessions.sessions, "This port has no connections.");
}

function planText(plan, name) {
  if (!plan) return "This port has no data plan, so that only the uplink limits it.";
  const way = (w) => (w.rate ? bits(w.rate) : "no limit");
  const seconds = (us) => `${(us / 1e6).toFixed(1)} s`;
  return `Plan ${name || "none"}: ${way(plan.from_vm)} from the VM, ${way(plan.to_vm)} to it. Held back for ` +
    `${seconds(plan.from_vm.throttled_us)} since the start (its tenant's rate ${seconds(plan.from_vm.tenant_us)}, ` +
    `the uplink's ${seconds(plan.from_vm.uplink_us)}); ${count(plan.to_vm.waiting_packets)} packets wait for the VM, ` +
    `${count(plan.to_vm.marked)} were marked, ${count(plan.to_vm.dropped)} dropped.`;
}

function policyPart(name, object) {
  const tenant = name.split("/")[0];
  const groups = (object.groups || []).map((group) => h("a", { href: `#/rules/${tenant}/${group}` }, group));
  const none = "none; its network's default applies";
  return [h("p", {}, "Groups: ", groups.length ? groups.flatMap((link, i) => (i ? [", ", link] : [link])) : none),
    h("pre", { tabindex: "0" }, JSON.stringify(object, null, 2))];
}

// Bits per second between two readings of a counter; 0 at the first.
function meterOf() {
  let last = null;
  return (value, now) => {
    const rate = last && now > last.now ? Math.max(0, (8 * (value - last.value)) / ((now - last.now) / 1000)) : 0;
    last = { value, now };
    return rate;
  };
}

export async function port(element, [tenant, name]) {
  const full = `${tenant}/${name}`;
  const object = await getOr(null, `tenants/${parts(tenant)}/ports/${parts(name)}`);
  const found = (await getOr([], `where?what=${encodeURIComponent(full)}`)).find((row) => row.port === full);
  const where = `${object?.vm ? `VM ${object.vm}, ` : ""}host ${found?.host || "none"}`;
  const title = h("h1", {}, full, " ", h("span", { class: "quiet" }, where));
  const live = h("div");
  const now = h("p", { class: "now" });
  const chart = rateChart(["from the VM", "to the VM", "its plan, from", "its plan, to"]);
  const plan = h("p", { class: "quiet" });
  const below = h("div");
  const [sent, received] = [meterOf(), meterOf()];
  show(element, title, live, h("h2", {}, "Data plan, configured and achieved"), now, chart.element, plan, below);
  const refresh = async () => {
    const [state, plans, sessions] = await Promise.all([get(`state/ports/${parts(full)}`),
      get(`state/plans?port=${encodeURIComponent(full)}`), getOr(NO_SESSIONS, `state/sessions?port=${encodeURIComponent(full)}&limit=50`)]);
    const row = plans.ports[0];
    const time = performance.now();
    const rates = [sent(state.counters.rx_bytes, time), received(state.counters.tx_bytes, time)];
    show(live, state.error ? h("p", { class: "bad" }, state.error) : "", stateTiles(state));
    now.textContent = `Now ${bits(rates[0])} from the VM, ${bits(rates[1])} to it.`;
    chart.add([...rates, row?.from_vm.rate || null, row?.to_vm.rate || null]);
    plan.textContent = planText(row, row?.plan);
    show(below, ...hardwarePart(state.vf), h("h2", {}, "Dropped, by reason"), dropsTable(state),
      h("h2", {}, `Connections (${count(sessions.matched)})`), sessionsTable(sessions),
      h("h2", {}, "Policy in force"), ...policyPart(full, object || {}));
  };
  if (found && found.host_state !== undefined && !(await getOr(null, `state/ports/${parts(full)}`))) {
    show(element, title, h("p", {}, `This port is on host ${found.host || "none"}; open weft-rest there to see its state.`),
      h("h2", {}, "Policy"), ...policyPart(full, object || {}));
    return null;
  }
  await refresh();
  return refresh;
}

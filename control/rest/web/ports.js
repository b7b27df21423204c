// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's ports, a page at a time.
import { get } from "./api.js";
import { bytes, count, h, portLink, show, table, tone } from "./dom.js";

const PAGE = 100;

export async function ports(element) {
  let after = "";
  const back = [];
  const refresh = async () => {
    const page = await get(`state/ports?limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    const go = (to) => {
      after = to;
      refresh();
    };
    show(element, h("h1", {}, "Ports of this host"), table([
      ["Port", (row) => portLink(row.name)],
      ["Network", (row) => row.network || "uplink"],
      ["State", (row) => h("span", { class: tone(row.state) }, row.state)],
      ["Link", (row) => h("span", { class: tone(row.link) }, row.link)],
      ["MAC", (row) => row.mac],
      ["Received", (row) => bytes(row.counters.rx_bytes), "number"],
      ["Sent", (row) => bytes(row.counters.tx_bytes), "number"],
      ["Dropped", (row) => count(row.counters.dropped), "number"],
      ["Connections", (row) => count(row.sessions?.all), "number"],
      ["Trouble", (row) => h("span", { class: "bad" }, row.error || ""), "text"],
    ], page.ports, "There are no ports; 'weftctl port add' makes one."),
    h("div", { class: "row" },
      h("button", { type: "button", disabled: !back.length, onclick: () => go(back.pop()) }, "Previous"),
      h("button", { type: "button", disabled: !page.next, onclick: () => { back.push(after); go(page.next); } }, "Next")));
  };
  await refresh();
  return refresh;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The ports that have a name, a MAC or an address.
import { get } from "./api.js";
import { h, portLink, show, table } from "./dom.js";

export async function found(element, [what]) {
  show(element, h("h1", {}, `Find ${what}`));
  const rows = await get(`where?what=${encodeURIComponent(what)}`);
  if (rows.length === 1) {
    location.replace(`#/port/${rows[0].port}`);
    return null;
  }
  show(element, h("h1", {}, `${rows.length} ports match ${what}`), table([
    ["Port", (row) => portLink(row.port)],
    ["Host", (row) => row.host || "none"],
    ["VM", (row) => row.vm || ""],
    ["MAC", (row) => row.mac || ""],
    ["Addresses", (row) => (row.ips || []).join(", "), "text"],
  ], rows));
  return null;
}

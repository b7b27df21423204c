// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The events since this page was opened.
import { clock, h, portLink, show, table } from "./dom.js";

const KEPT = 500;
const seen = [];

export function remember(event) {
  seen.unshift(event.data);
  if (seen.length > KEPT) seen.pop();
}

function details(event) {
  return Object.entries(event).filter(([key]) => !["number", "time", "level", "event", "port"].includes(key))
    .map(([key, value]) => `${key} ${value}`).join(", ");
}

export async function events(element) {
  let shown = -1;
  const refresh = async () => {
    if (seen.length === shown && seen[0] === refresh.latest) return;
    shown = seen.length;
    refresh.latest = seen[0];
    show(element, h("h1", {}, "Events"), table([
      ["When", (row) => (row.time ? clock(row.time) : "")],
      ["What", (row) => h("span", { class: row.level === "error" ? "bad" : row.level === "warning" ? "warn" : "" }, row.event)],
      ["Port", (row) => (row.port?.includes("/") ? portLink(row.port) : row.port || "")],
      ["Details", details, "text"],
    ], seen, "Nothing has happened since this page was opened."));
  };
  await refresh();
  return refresh;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Makes elements, and formats numbers for people. All text is inserted as text, never as HTML.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A table of ROWS. A column is [title, row => cell, kind], of the kind "number", "text" or none.
export function table(columns, rows, empty = "There are none.") {
  if (!rows.length) return h("p", { class: "quiet" }, empty);
  const head = h("tr", {}, columns.map(([title, , kind]) => h("th", { scope: "col", class: kind }, title)));
  const body = rows.map((row) => h("tr", {}, columns.map(([, cell, kind]) => h("td", { class: kind }, cell(row)))));
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": columns[0][0] },
    h("table", {}, h("thead", {}, head), h("tbody", {}, body)));
}

export function tiles(pairs) {
  return h("dl", { class: "tiles" }, pairs.map(([title, value, tone]) =>
    h("div", {}, h("dt", {}, title), h("dd", { class: [tone, String(value).length > 14 ? "long" : ""].join(" ") }, value))));
}

// Replaces the children of ELEMENT, and keeps the focus at its position.
export function show(element, ...children) {
  const index = [...element.querySelectorAll("a, button, input, [tabindex]")].indexOf(document.activeElement);
  element.replaceChildren(...children);
  if (index >= 0) element.querySelectorAll("a, button, input, [tabindex]")[index]?.focus();
}

export const count = (n) => Number(n || 0).toLocaleString("en");

function scaled(n, units) {
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toPrecision(3)} ${units[i]}`;
}

export const bits = (n) => scaled(n, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]);
export const bytes = (n) => scaled(n, ["B", "kB", "MB", "GB", "TB", "PB"]);
export const clock = (us) => new Date(us / 1000).toLocaleString();

export function ago(us) {
  const s = Math.max(0, Math.round(Date.now() / 1000 - us / 1e6));
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} min` : s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
}

export const portLink = (name) => h("a", { href: `#/port/${name}` }, name);

export function tone(state) {
  if (["up", "live", "applied", true].includes(state)) return "good";
  return ["late", "standby", "down"].includes(state) ? "warn" : "bad";
}

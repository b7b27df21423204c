// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Applies a bundle of objects, after it has shown what the bundle would change.
import { ask } from "./api.js";
import { count, h, show } from "./dom.js";

const EXAMPLE = '{\n  "tenants": {\n    "default": {\n    }\n  }\n}\n';

const lines = (value) => (value === null || value === undefined ? [] : JSON.stringify(value, null, 2).split("\n"));

// The differences between the lines of BEFORE and AFTER, by a longest common subsequence (Hunt and McIlroy 1976), found
// with the plain table.
function difference(before, after) {
  const [a, b] = [lines(before), lines(after)];
  const size = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      size[i][j] = a[i] === b[j] ? size[i + 1][j + 1] + 1 : Math.max(size[i + 1][j], size[i][j + 1]);
  const out = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(h("span", {}, `  ${a[i]}\n`));
      i++;
      j++;
    } else if (j < b.length && (i === a.length || size[i][j + 1] >= size[i + 1][j])) {
      out.push(h("ins", {}, `+ ${b[j++]}`));
    } else {
      out.push(h("del", {}, `- ${a[i++]}`));
    }
  }
  return h("pre", { tabindex: "0" }, out);
}

function report(result) {
  const sizes = ["added", "changed", "removed"].map((what) => `${count(result[what].length)} ${what}`);
  const parts = [h("h2", {}, sizes.join(", "))];
  for (const warning of result.warnings || []) parts.push(h("p", { class: "warn" }, warning));
  for (const change of result.diff || []) parts.push(h("h2", {}, change.key), difference(change.before, change.after));
  return parts;
}

export async function apply(element) {
  const text = h("textarea", { id: "bundle", spellcheck: "false", "aria-describedby": "apply-said" });
  const prune = h("input", { type: "checkbox", id: "prune" });
  const out = h("div", { id: "apply-said", "aria-live": "polite" });
  const go = h("button", { type: "button", class: "main", disabled: true }, "Apply");
  const options = () => (prune.checked ? "&prune" : "");
  const reset = () => { go.disabled = true; };
  const attempt = async (path, done) => {
    try {
      done(await ask("POST", path, text.value));
    } catch (problem) {
      show(out, h("p", { class: "bad" }, problem.message));
      reset();
    }
  };
  const dry = h("button", { type: "button", onclick: () => attempt(`apply?dry_run&diff${options()}`, (result) => {
    const n = result.added.length + result.changed.length + result.removed.length;
    show(out, ...(n ? report(result) : [h("p", {}, "This bundle changes nothing.")]));
    go.disabled = n === 0;
  }) }, "Show what it changes");
  go.addEventListener("click", () => attempt(`apply?wait${options()}`, (result) => {
    reset();
    show(out, h("p", { class: result.late ? "warn" : "good" }, result.late
      ? `Generation ${result.generation} is accepted, and not yet in force on ${(result.late_hosts || []).join(", ")}.`
      : `Generation ${result.generation} is in force on every host.`), ...report(result));
  }));
  text.value = EXAMPLE;
  text.addEventListener("input", reset);
  prune.addEventListener("change", reset);
  show(element, h("h1", {}, "Apply"), h("label", { for: "bundle" }, "Objects, in the form that ", h("code", {}, "weftctl get"),
    " shows:"),
    text,
    h("div", { class: "row" }, dry, go, h("label", {}, prune, " delete what the bundle does not have, of the tenants that it has")), out);
  return null;
}

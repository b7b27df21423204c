// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Calls of the REST interface, with the token of this tab.

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `the answer is ${status}`);
    this.status = status;
    this.field = document.field;
  }
}

function headers(more = {}) {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: `Bearer ${token}`, ...more } : more;
}

async function problemOf(answer) {
  try {
    return new Problem(answer.status, await answer.json());
  } catch {
    return new Problem(answer.status, {});
  }
}

export async function ask(method, path, body) {
  const options = { method, headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }) };
  if (body !== undefined) options.body = typeof body === "string" ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(`/v1/${path}`, options);
  } catch {
    throw new Problem(0, { detail: "weft-rest cannot be reached" });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path) => ask("GET", path);

// The same; returns NOTHING where the thing does not exist, or the user may not see it.
export async function getOr(nothing, path) {
  try {
    return await get(path);
  } catch (problem) {
    if ([403, 404, 422].includes(problem.status)) return nothing;
    throw problem;
  }
}

// "tenant/name" as two parts of a path, encoded.
export const parts = (name) => name.split("/").map(encodeURIComponent).join("/");

function parse(block) {
  const event = { id: null, kind: null, data: null };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    else if (line.startsWith("event: ")) event.kind = line.slice(7);
    else if (line.startsWith("data: ")) event.data = JSON.parse(line.slice(6));
  }
  return event;
}

// Reads one stream to its end, and returns the id of its last event.
async function read(answer, since, tell) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return since;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const event = parse(text.slice(0, end));
      if (!event.kind) continue;
      since = event.id;
      tell(event);
    }
  }
}

// Calls TELL with each event, and never ends. EventSource would do this, but it cannot send a token.
export async function follow(tell) {
  let since = null;
  for (;;) {
    try {
      const answer = await fetch("/v1/events", { headers: headers(since ? { "Last-Event-ID": since } : {}) });
      if (answer.ok) since = await read(answer, since, tell);
    } catch {
      // The next round tries again.
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The frame around the views: navigation, login and errors.
import { follow, get } from "./api.js";
import { h } from "./dom.js";
import { overview } from "./overview.js";
import { ports } from "./ports.js";
import { port } from "./port.js";
import { rules } from "./rules.js";
import { apply } from "./apply.js";
import { events, remember } from "./events.js";
import { found } from "./find.js";

const views = { "": overview, ports, port, rules, apply, events, find: found };
const main = document.getElementById("view");
const trouble = document.getElementById("trouble");
const login = document.getElementById("login");
let stop = null; // ends the view that is shown

function say(problem) {
  trouble.textContent = problem ? problem.message : "";
  trouble.hidden = !problem;
  if (problem?.status === 401 && !login.open) {
    document.getElementById("login-why").textContent = sessionStorage.getItem("token") ? problem.message : "";
    login.showModal();
  }
}

// A view is a function of its element and of the rest of the address. Where it returns a function, that is called every
// second.
async function route() {
  const [page, ...address] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const view = views[page] || overview;
  const element = h("div", { class: page || "overview" });
  let ended = false;
  let busy = true;

  stop?.();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === (page === "port" ? "ports" : page)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `weft ${page}`;
  main.replaceChildren(element);
  let refresh = null;
  const guarded = async (what) => {
    busy = true;
    try {
      await what();
      if (!ended) say(null);
    } catch (problem) {
      if (!ended) say(problem);
    }
    busy = false;
  };
  const timer = setInterval(() => {
    if (refresh && !busy && !document.hidden) guarded(refresh);
  }, 1000);
  stop = () => {
    ended = true;
    clearInterval(timer);
  };
  await guarded(async () => {
    const made = await view(element, address);
    refresh = made ?? null;
  });
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

document.getElementById("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(dark ? "light" : "dark");
  localStorage.setItem("theme", dark ? "light" : "dark");
});

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const what = document.getElementById("what").value.trim();
  if (what) location.hash = `#/find/${encodeURIComponent(what)}`;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  document.getElementById("what").focus();
});

login.addEventListener("close", () => {
  sessionStorage.setItem("token", document.getElementById("token").value.trim());
  document.getElementById("token").value = "";
  start();
});

window.addEventListener("hashchange", () => {
  route();
  main.focus();
});

let following = false;

async function start() {
  route();
  try {
    const self = await get("self");
    const tenants = self.tenants ? ` of ${self.tenants.join(", ")}` : "";
    document.getElementById("who").textContent = `${self.name} (${self.role}${tenants})`;
  } catch (problem) {
    say(problem);
    return;
  }
  if (!following) follow(remember);
  following = true;
}

setTheme(localStorage.getItem("theme"));
start();

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A chart of rates over the last five minutes. The page shows the current numbers beside it as text.
import { bits, h } from "./dom.js";

const KEPT = 300; // seconds

export function rateChart(labels) {
  const element = h("div", { class: "plot" });
  const names = labels.map((label, i) => h("li", {}, `${i < 2 ? "━" : "╌"} ${label}`));
  const box = h("div", { class: "chart", role: "img", "aria-label": `Chart of ${labels.join(", ")}` }, h("ul", {}, names), element);
  const rows = [];
  const dark = () => getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const colors = () => (dark() ? ["#6cb8e6", "#e6b450", "#4a7d9c", "#9c7d3c"] : ["#0b5c8a", "#8a5a00", "#8cbcd8", "#d8b878"]);
  let chart = null;
  return {
    element: box,
    add(values) {
      rows.push([new Date(), ...values]);
      if (rows.length > KEPT) rows.shift();
      box.dataset.samples = rows.length;
      names.forEach((name, i) => { name.style.color = colors()[i % 2]; });
      const options = { file: rows, labels: ["time", ...labels], colors: colors(), gridLineColor: dark() ? "#3a3f45" : "#d9d9d3" };
      // Dygraph's legend has inline styles, which this page's content security policy forbids. The list above replaces it.
      window.Dygraph.PLUGINS = window.Dygraph.PLUGINS.filter((plugin) => plugin !== window.Dygraph.Plugins.Legend);
      if (chart) chart.updateOptions(options);
      else {
        chart = new window.Dygraph(element, rows, { ...options, strokeWidth: 2, includeZero: true, animatedZooms: false,
          axes: { y: { axisLabelFormatter: bits, valueFormatter: bits, axisLabelWidth: 80 } },
          series: Object.fromEntries(labels.slice(2).map((label) => [label, { strokePattern: [6, 4] }])) });
      }
    },
    end() {
      chart?.destroy();
    },
  };
}

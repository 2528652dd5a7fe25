/** The oracle: every asset's price, live. */

import { SYSTEM_CLOCK } from "../client/clock.js";
import { follow } from "../client/follow.js";
import { showAgeOf } from "../ui/connection.js";
import { pageData, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Histories } from "../ui/histories.js";
import "../ui/shell.js";
import { onThemeChange } from "../ui/theme-switch.js";
import { showFeeds } from "./oracle-feeds.js";
import { PriceTable } from "./price-table.js";

const HISTORY_OLD_MS = 30 * 60_000; // a gap after which the line is asked for anew

const names = pageData("asset-names");
const summary = Object.fromEntries(
  [...document.querySelectorAll("[data-summary]")].map((node) => [node.dataset.summary, node]),
);
const table = new PriceTable(document.querySelector("[data-prices]"), names, summarise);

let lastReset = null;

function summarise(rows) {
  const all = [...rows.values()].map(({ row }) => row);
  const directions = all.map((row) => format.direction(row.change24h));
  const size = (row) => Math.abs(row.change24h ?? 0);
  const widest = all.reduce((a, b) => (a !== null && size(a) >= size(b) ? a : b), null);
  const frozen = all.filter((row) => row.stale || row.circuitBreaker);
  setText(summary.assets, String(all.length));
  setText(summary.rising, String(directions.filter((d) => d === "up").length));
  setText(summary.falling, String(directions.filter((d) => d === "down").length));
  setText(summary.mover, widest?.asset ?? format.NOTHING);
  setText(summary.move, widest ? format.change(widest.change24h) : "");
  summary.move.dataset.direction = format.direction(widest?.change24h);
  setText(summary.frozen, String(frozen.length));
  setText(
    summary.frozenText,
    frozen.length ? frozen.map((row) => row.asset).join(", ") : "All feeds are in order",
  );
}

const histories = new Histories((symbol, history) => {
  const row = table.rows.get(symbol);
  row?.series.load(history, row.updatedAt);
  if (row) table.touch(symbol);
});

const rows = follow("prices", {
  rest: "/v1/oracle/prices",
  onState: ({ phase, message }) => {
    if (phase === "refused") table.say(`The prices cannot be shown: ${message}`);
    if (phase === "ready") settled();
  },
});

/** The prices are whole again: lines that missed too much are asked for anew. */
function settled() {
  const now = SYSTEM_CLOCK.now();
  if (lastReset !== null && now - lastReset > HISTORY_OLD_MS) histories.want(...table.rows.keys());
  lastReset = now;
}

rows.onChange((keys) => {
  for (const symbol of keys) {
    const row = rows.get(symbol);
    if (row === undefined) table.remove(symbol);
    else if (table.take(row, rows.meta(symbol))) histories.want(symbol);
  }
  if (rows.isReady) table.settle();
});
showAgeOf("prices");
setInterval(() => table.tick(SYSTEM_CLOCK.now()), 1_000);
onThemeChange(() => table.recolour());
showFeeds(names);

/** The overview: every asset's price, live. */

import { stream } from "../client.js";
import { showAgeOf } from "../ui/connection.js";
import { pageData, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { onThemeChange } from "../ui/theme-switch.js";
import { PriceTable } from "./price-table.js";

const AT_ONCE = 3; // histories asked for at a time
const AGAIN_MS = 15_000; // how long an answer may take, and the least wait before asking again
const HISTORY_OLD_MS = 30 * 60_000; // a gap after which the line is asked for anew

const names = pageData("asset-names");
const summary = Object.fromEntries(
  [...document.querySelectorAll("[data-summary]")].map((node) => [node.dataset.summary, node]),
);
const table = new PriceTable(document.querySelector("[data-prices]"), names, summarise);

let wanted = []; // symbols whose history is to be asked for
let asking = 0;
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

/** Ask for the histories in line, a few at a time. */
function askForHistories() {
  while (asking < AT_ONCE && wanted.length > 0) {
    asking += 1;
    history(wanted.shift()).finally(() => {
      asking -= 1;
      askForHistories();
    });
  }
}

/** Load one history; where the server is busy or away ask again later, the line is live meanwhile. */
async function history(symbol) {
  const address = `/v1/oracle/prices/${encodeURIComponent(symbol)}?history=true&period=24h`;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(AGAIN_MS) });
    if (response.status === 429 || response.status >= 500) {
      askAgain(symbol, Number(response.headers.get("Retry-After")) * 1000);
    } else if (response.ok) {
      const { data } = await response.json();
      const row = table.rows.get(symbol);
      row?.series.load(data.history, row.updatedAt);
      if (row) table.touch(symbol);
    }
  } catch {
    askAgain(symbol, 0);
  }
}

function askAgain(symbol, leastMs) {
  const wait = Math.max(leastMs, AGAIN_MS) * (1 + Math.random());
  setTimeout(() => {
    wanted.push(symbol);
    askForHistories();
  }, wait);
}

stream.subscribe("prices", {}, {
  onRow: (row, meta) => {
    if (table.take(row, meta)) wanted.push(row.asset);
    if (lastReset !== null) askForHistories();
  },
  onRemove: (symbol) => table.remove(symbol),
  onReset: () => {
    const now = performance.now();
    if (lastReset !== null && now - lastReset > HISTORY_OLD_MS) wanted = [...table.rows.keys()];
    lastReset = now;
    table.settle();
    askForHistories();
  },
  onState: ({ phase, message }) => {
    if (phase === "refused") table.say(`The prices cannot be shown: ${message}`);
  },
});
showAgeOf("prices");
setInterval(() => table.tick(performance.now()), 1_000);
onThemeChange(() => table.recolour());

/** What the market's loans would bear: by health factor, and after a fall of prices. In sums alone. */

import { get } from "../client/api.js";
import { Bars } from "../ui/bars.js";
import { el, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";

const EVERY_MS = 15_000;
const TONES = [[0.95, "down"], [1.05, "warn"], [1.5, "caution"]]; // below

const count = new Intl.NumberFormat();
const place = (selector) => document.querySelector(selector);

const health = new Bars({ caption: "Loans by health factor", heads: ["Health factor", "Loans", "Debt"] });
const shocks = new Bars({
  caption: "Debt that may be liquidated after a fall of prices",
  heads: ["Fall", "Loans", "Debt at risk", "Not covered"],
});
const select = place("[data-shock-asset]");
const summary = (name) => place(`[data-stat="${name}"]`);
let risk = null;

function bounds({ from, below }) {
  if (below === null) return `${from.toFixed(2)} and more`;
  return from === 0 ? `below ${below.toFixed(2)}` : `${from.toFixed(2)} to ${below.toFixed(2)}`;
}

const tone = (from) => TONES.find(([below]) => from < below)?.[1] ?? "up";

function drawHealth() {
  const most = Math.max(1, ...risk.healthFactors.map(({ debtUSD }) => Number(debtUSD)));
  health.show(
    risk.healthFactors.map((row) => ({
      label: bounds(row),
      size: Number(row.debtUSD) / most,
      tone: tone(row.from),
      texts: [count.format(row.loans), format.usdShort(row.debtUSD)],
    })),
  );
}

function drawShocks() {
  const chosen = risk.byAsset.find(({ asset }) => asset === select.value)?.shocks ?? risk.shocks;
  const all = Number(risk.debtUSD) || 1;
  shocks.show(
    chosen.map((row) => ({
      label: row.fall === 0 ? "Now" : `−${format.share(row.fall)}`,
      size: Number(row.debtUSD) / all,
      tone: "down",
      texts: [count.format(row.loans), format.usdShort(row.debtUSD), format.usdShort(row.shortfallUSD)],
    })),
  );
}

function draw() {
  for (const { asset } of risk.byAsset) {
    if (![...select.options].some(({ value }) => value === asset)) {
      select.append(el("option", { value: asset }, `${asset} alone`));
    }
  }
  drawHealth();
  drawShocks();
  const ten = risk.shocks.find(({ fall }) => fall === 0.1);
  setText(summary("atRisk"), format.usdShort(ten.debtUSD));
  setText(summary("atRiskLoans"), `in ${count.format(ten.loans)} of ${count.format(risk.loans)} loans`);
  setText(summary("block"), `Block ${count.format(risk.block)}`);
}

async function load() {
  if (document.hidden) return;
  try {
    risk = (await get("/v1/analytics/risk")).data;
    place("[data-health]").replaceChildren(health.element);
    place("[data-shocks]").replaceChildren(shocks.element);
    draw();
  } catch (error) {
    if (risk !== null) return; // what is shown says of which block it is
    for (const selector of ["[data-health]", "[data-shocks]"]) {
      place(selector).replaceChildren(el("p", { class: "alert", role: "alert" }, error.message));
    }
  }
}

/** Show the two panels, and keep them up to date while the page is looked at. */
export function showRisk() {
  select.addEventListener("change", () => risk && drawShocks());
  load();
  setInterval(load, EVERY_MS);
}

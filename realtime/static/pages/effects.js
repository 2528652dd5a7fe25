/** What a proposal changes, as a table: what it is called, its present value and its new one. */

import { shown, valueName } from "../governance/words.js";
import { duration } from "../ui/countdown.js";
import { el } from "../ui/dom.js";
import { moment } from "../ui/time.js";

/** Return the table of some effects; null if there are none. */
export function effectTable(effects) {
  if (effects.length === 0) return null;
  const head = ["What", "Now", "Then"].map((title) => el("th", { scope: "col" }, title));
  return el(
    "table",
    { class: "plain-table effects" },
    el("caption", { class: "visually-hidden" }, "Effects"),
    el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...effects.map(line)),
  );
}

function line(effect) {
  const { parameter = "", poolId, asset, from, to, amount } = effect;
  const where = poolId ?? asset;
  const name = parameter ? valueName(parameter) : amount ? `${amount} ${asset}` : "Pool";
  const isNews = from === undefined || from === null;
  const notes = [];
  if (effect.isEstimate) notes.push("at the present utilization");
  if (effect.rampSeconds) notes.push(`over ${duration(Number(effect.rampSeconds) * 1000)}`);
  const small = [where && parameter ? where : "", ...notes].filter(Boolean).join(", ");
  return el(
    "tr",
    { "data-parameter": parameter },
    el("th", { scope: "row" }, name, small ? el("small", {}, small) : "", effect.effectiveAt ? el("small", {}, "in full from ", moment(effect.effectiveAt)) : ""),
    el("td", {}, isNews ? "–" : shown(parameter, from)),
    el("td", {}, el("strong", {}, to === undefined ? "–" : shown(parameter, to))),
  );
}

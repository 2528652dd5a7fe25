/** An asset as it is shown: its mark, in a hue of its own, its symbol and its name. */

import { el } from "./dom.js";

const hue = (symbol) => [...symbol].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 360, 7);

/** Return the round mark of an asset. */
export function mark(symbol) {
  const element = el("span", { class: "mark", "aria-hidden": "true" }, symbol.slice(0, 1));
  element.style.setProperty("--hue", hue(symbol));
  return element;
}

/** Return an asset's label; `more` are badges beside the symbol, `href` makes it a link. */
export function assetLabel(symbol, name, { href = null, more = [] } = {}) {
  const text = el(
    "span",
    { class: "asset__text" },
    el("span", { class: "asset__symbol" }, symbol, ...more),
    el("span", { class: "asset__name" }, name),
  );
  return el(href ? "a" : "span", { class: "asset", href }, mark(symbol), text);
}

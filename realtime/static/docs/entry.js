/** An entry of the reference: a line that opens; its body is made when it is opened first. */

import { el } from "../ui/dom.js";

/** @param {{id: string, head: (Node|string)[], words: string, body: () => (Node|string|null)[]}} spec */
export function entry({ id, head, words, body }) {
  const inside = el("div", { class: "docs__inside" });
  const details = el(
    "details",
    { class: "docs__entry", id, "data-docs-entry": true, "data-words": words.toLowerCase() },
    el("summary", {}, ...head),
    inside,
  );
  details.addEventListener("toggle", () => {
    if (details.open && !inside.firstChild) inside.append(...body().filter(Boolean));
  });
  return details;
}

/** Return a group of entries with a title of its own. */
export function group({ id, title, about = [], entries }) {
  return el(
    "section",
    { class: "panel docs__group", id, "aria-labelledby": `${id}-title`, "data-docs-group": true },
    el("div", { class: "panel__head" }, el("h2", { id: `${id}-title` }, title)),
    ...(about.length ? [el("div", { class: "docs__text" }, ...about)] : []),
    ...entries,
  );
}

/** Return text as nodes: what stands between backticks is code. */
export const prose = (text) => (text ?? "").split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

/** Return a name that an address may have after #. */
export const anchor = (text) => text.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");

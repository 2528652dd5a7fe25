/** A JSON schema as a table of its fields; references are followed, three levels deep. */

import { el } from "../ui/dom.js";

const DEPTH = 3;

/** Return what a reference of a document leads to. */
export function resolve(document, schema) {
  let found = schema;
  while (found?.$ref) {
    found = found.$ref.slice(2).split("/").reduce((at, part) => at[part], document);
  }
  return found ?? {};
}

/** Say a schema's type in a few words. */
export function typeOf(document, schema) {
  const own = resolve(document, schema);
  const choices = own.anyOf ?? own.oneOf;
  if (choices) return [...new Set(choices.map((one) => typeOf(document, one)))].join(" or ");
  if (own.const !== undefined) return JSON.stringify(own.const);
  if (own.enum) {
    const names = own.enum.map((value) => JSON.stringify(value));
    return names.length > 12 ? `${names.slice(0, 12).join(" | ")} | …` : names.join(" | ");
  }
  const types = [own.type ?? []].flat().filter((name) => name !== "null");
  if (types.includes("array")) return `list of ${own.items ? typeOf(document, own.items) : "any"}`;
  if (types.includes("object") || own.properties) return own.title ?? "object";
  const name = types.join(" or ") || "any";
  return own.format ? `${name}, ${own.format}` : name;
}

/** The schema whose fields are worth showing: of a list its items, of a choice its first object. */
function inner(document, schema) {
  const own = resolve(document, schema);
  if (own.properties) return own;
  if (own.items) return inner(document, own.items);
  for (const one of own.anyOf ?? own.oneOf ?? []) {
    const found = inner(document, one);
    if (found) return found;
  }
  return null;
}

/** Say what a value may be, and what it is if left out. */
function limits({ minimum, maximum, maxLength, default: fallback }) {
  const parts = [];
  if (minimum !== undefined && maximum !== undefined) parts.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) parts.push(`At least ${minimum}`);
  if (maxLength !== undefined) parts.push(`At most ${maxLength} characters`);
  if (fallback !== undefined && fallback !== null && fallback !== "") parts.push(`Default ${JSON.stringify(fallback)}`);
  return parts.join(". ");
}

function* fields(document, schema, prefix = "", depth = 0) {
  const own = inner(document, schema);
  if (!own || depth >= DEPTH) return;
  const required = new Set(own.required ?? []);
  for (const [name, field] of Object.entries(own.properties)) {
    const path = prefix + name;
    const told = resolve(document, field);
    const text = [field.description ?? told.description, limits(told)].filter(Boolean).join(". ");
    yield { path, type: typeOf(document, field), isRequired: required.has(name), text };
    const isList = [told.type].flat().includes("array");
    yield* fields(document, field, `${path}${isList ? "[]" : ""}.`, depth + 1);
  }
}

/**
 * Return a table of the fields of a schema, or null if it has none.
 *
 * `isSent` says which fields may be left out: of an answer that says nothing.
 */
export function fieldTable(document, schema, caption, { isSent = false } = {}) {
  const rows = [...fields(document, schema)];
  if (rows.length === 0) return null;
  const isTold = rows.some(({ text }) => text);
  const line = ({ path, type, isRequired, text }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", {}, path), isSent && !isRequired ? el("small", {}, " optional") : ""),
      el("td", {}, type),
      ...(isTold ? [el("td", {}, text)] : []),
    );
  const titles = ["Field", "Type", ...(isTold ? ["About"] : [])];
  const table = el(
    "table",
    { class: "plain-table docs__fields" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", {}, el("tr", {}, ...titles.map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, ...rows.map(line)),
  );
  return scroll(table, caption);
}

/** Return a part that may be wider than the page, reachable by keyboard. */
export function scroll(content, label) {
  return el("div", { class: "docs__scroll", tabindex: "0", role: "region", "aria-label": label }, content);
}

/** Return a value as indented JSON in a box of its own. */
export function code(value, label) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return scroll(el("pre", { class: "docs__code" }, el("code", {}, text)), label);
}

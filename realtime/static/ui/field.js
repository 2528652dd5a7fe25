/** Labelled fields for forms: {element, input}. */

import { el } from "./dom.js";

let count = 0;

function labelled(label, input) {
  count += 1;
  input.id = `field-${count}`;
  return { input, element: el("div", { class: "field" }, el("label", { for: input.id }, label), input) };
}

/** Return a choice; `options` are [value, text]. */
export function selectField(label, options) {
  const input = el("select", {});
  input.append(...options.map(([value, text]) => el("option", { value }, text)));
  return labelled(label, input);
}

/** Return a field of text; `props` are attributes of the input. */
export const textField = (label, props = {}) =>
  labelled(label, el("input", { type: "text", autocomplete: "off", ...props }));

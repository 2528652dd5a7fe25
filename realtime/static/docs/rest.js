/** The OpenAPI document as groups of entries, one for each method of each address. */

import { el } from "../ui/dom.js";
import { anchor, entry, group, prose } from "./entry.js";
import { code, fieldTable } from "./schema.js";

const ORDER = ["Accounts", "Lending", "Liquidations", "Oracle", "Governance", "Trading", "Notifications", "Analytics", "Stream", "Health", "Reference"];
const METHODS = ["get", "post", "put", "patch", "delete"];

const part = (title, content) => (content ? [el("h3", {}, title), content] : []);

function access(operation) {
  const schemes = operation.security ?? [{}];
  const names = schemes.flatMap((one) => Object.keys(one));
  if (names.length === 0) return "Public";
  const ways = names.map((name) => ({ accessToken: "access token", session: "browser session" })[name] ?? name);
  const isOpen = schemes.some((one) => Object.keys(one).length === 0);
  return `Signed in by ${ways.join(" or ")}${isOpen ? ", or open" : ""}`;
}

function parameters(document, list) {
  const schema = {
    properties: Object.fromEntries(list.map((one) => [one.name, { ...one.schema, description: one.in === "path" ? "In the path" : one.description }])),
    required: list.filter((one) => one.required).map((one) => one.name),
  };
  return list.length ? fieldTable(document, schema, "Parameters", { isSent: true }) : null;
}

function answers(document, operation) {
  return Object.entries(operation.responses)
    .filter(([status]) => status !== "default")
    .flatMap(([status, response]) => {
      const { schema } = Object.values(response.content ?? {})[0] ?? {};
      if (!schema) return part(`Answer ${status}`, el("p", {}, "No body."));
      const { example } = schema;
      return [
        ...part(`Answer ${status}`, fieldTable(document, schema, `Answer ${status}`) ?? el("p", {}, "JSON.")),
        ...(example ? part("Example", code(example, "Example of an answer")) : []),
      ];
    });
}

function operationEntry(document, path, method, operation) {
  const name = `${method.toUpperCase()} ${path}`;
  const body = () => {
    const content = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
    return [
      operation.description ? el("p", {}, ...prose(operation.description)) : null,
      el("p", { class: "docs__access" }, access(operation)),
      ...part("Parameters", parameters(document, operation.parameters ?? [])),
      ...part("Body", content ? fieldTable(document, content, "Body", { isSent: true }) : null),
      ...answers(document, operation),
      el("p", {}, "Refusals: see ", el("a", { href: "#errors" }, "the error catalogue"), "."),
    ];
  };
  return entry({
    id: anchor(name),
    words: `${name} ${operation.summary}`,
    head: [
      el("span", { class: "docs__method", "data-method": method }, method.toUpperCase()),
      el("code", { class: "docs__path" }, path),
      el("span", { class: "docs__summary" }, ...prose(operation.summary)),
    ],
    body,
  });
}

/** Return the groups of the document. */
export function restGroups(document) {
  const byTag = new Map(ORDER.map((tag) => [tag, []]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) byTag.get(operation.tags[0]).push(operationEntry(document, path, method, operation));
    }
  }
  return [...byTag].map(([tag, entries]) => group({ id: `rest-${tag}`, title: tag, entries }));
}

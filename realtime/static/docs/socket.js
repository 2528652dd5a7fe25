/** The AsyncAPI document as a group for each protocol: streams, close codes, every frame. */

import { el } from "../ui/dom.js";
import { anchor, entry, group, prose } from "./entry.js";
import { code, fieldTable, resolve, scroll } from "./schema.js";

function messageEntry(document, protocol, message, isSent) {
  const id = anchor(`${protocol}-${message.name}`);
  return entry({
    id,
    words: `${protocol} ${message.name} ${message.summary}`,
    head: [
      el("span", { class: "docs__method", "data-method": isSent ? "post" : "get" }, isSent ? "Send" : "Get"),
      el("code", { class: "docs__path" }, message.name),
      el("span", { class: "docs__summary" }, ...prose(message.summary)),
    ],
    body: () => [
      fieldTable(document, message.payload, `Fields of ${message.name}`, { isSent: true }),
      ...message.examples.flatMap((one) => [
        el("h3", {}, one.summary ?? "Example"),
        code(one.payload, `Example ${one.name}`),
      ]),
    ],
  });
}

function table(caption, head, rows) {
  return scroll(
    el(
      "table",
      { class: "plain-table docs__fields" },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", {}, el("tr", {}, ...head.map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, ...rows.map(([first, ...rest]) => el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((cell) => el("td", {}, cell))))),
    ),
    caption,
  );
}

const filterText = (filters) =>
  Object.entries(filters)
    .map(([name, choices]) => (choices.length ? `${name}: ${choices.join(", ")}` : name))
    .join("; ") || "–";

/** Return the groups of both protocols. */
export function socketGroups(document) {
  return Object.entries(document.channels).map(([name, channel]) => {
    const sent = new Set(
      Object.values(document.operations)
        .filter((one) => one.action === "receive" && one.channel.$ref.endsWith(`/${name}`))
        .flatMap((one) => one.messages.map((message) => resolve(document, message).name)),
    );
    const server = document.servers[name];
    const streams = channel["x-streams"].map((one) => [
      el("code", {}, one.name),
      one.kind === "state" ? "newest row of each key" : "every event",
      one.private ? "private" : "public",
      filterText(one.filters),
    ]);
    const closes = Object.entries(channel["x-close-codes"]).map(([number, text]) => [number, text]);
    return group({
      id: `ws-${name}`,
      title: `WebSocket: ${channel.title}`,
      about: [
        el("p", {}, el("code", {}, `${server.protocol}://${server.host}${server.pathname}`)),
        el("p", {}, ...prose(channel.description)),
        el("h3", {}, "Streams"),
        table(`Streams of ${name}`, ["Name", "Told", "Who", "Filters"], streams),
        el("h3", {}, "Close codes"),
        table(`Close codes of ${name}`, ["Code", "Means"], closes),
        el("h3", {}, "Frames"),
      ],
      entries: Object.values(channel.messages).map((ref) => {
        const message = resolve(document, ref);
        return messageEntry(document, name, message, sent.has(message.name));
      }),
    });
  });
}

/** The reference: both documents as groups, with a search over all of them and an address for each entry. */

import { get } from "../client/api.js";
import { restGroups } from "../docs/rest.js";
import { socketGroups } from "../docs/socket.js";
import { el, setText } from "../ui/dom.js";
import "../ui/shell.js";

const root = document.querySelector("[data-docs]");
const holder = root.querySelector("[data-docs-rest]");
const search = root.querySelector("[data-docs-search]");
const count = root.querySelector("[data-docs-count]");
const nav = root.querySelector("[data-docs-nav]");

function narrow() {
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const entry of root.querySelectorAll("[data-docs-entry]")) {
    const text = entry.dataset.words ?? entry.textContent.toLowerCase();
    entry.hidden = !words.every((word) => text.includes(word));
    if (!entry.hidden) found += 1;
  }
  for (const group of root.querySelectorAll("[data-docs-group]")) {
    group.hidden = words.length > 0 && !group.querySelector("[data-docs-entry]:not([hidden])");
  }
  setText(count, words.length === 0 ? "" : found === 1 ? "1 entry" : `${found} entries`);
}

/** Open what the address names. */
function go() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

async function load() {
  const [rest, sockets] = await Promise.all([get(root.dataset.openapi), get(root.dataset.asyncapi)]);
  const groups = [...restGroups(rest), ...socketGroups(sockets)];
  holder.replaceChildren(...groups);
  const links = groups.map((group) => el("a", { href: `#${group.id}` }, group.querySelector("h2").textContent));
  nav.prepend(...links);
  root.setAttribute("data-ready", "");
  narrow();
  go();
}

search.addEventListener("input", narrow);
addEventListener("hashchange", go);
root.addEventListener("toggle", (event) => {
  if (event.target.open) history.replaceState(null, "", `#${event.target.id}`);
}, true);

load().catch((error) => {
  const again = el("button", { class: "button", type: "button" }, "Try again");
  again.addEventListener("click", () => location.reload());
  holder.replaceChildren(el("div", { class: "panel note" }, el("p", { role: "alert" }, `The reference cannot be shown: ${error.message}`), again));
});

/** Notifications: the inbox, live; preferences; webhooks. Which of them is shown stands in the address. */

import { stream } from "../client.js";
import { get, send } from "../client/api.js";
import { Rows } from "../client/rows.js";
import { showAgeOf } from "../ui/connection.js";
import { csv, download } from "../ui/csv.js";
import { el, setAttribute } from "../ui/dom.js";
import "../ui/shell.js";
import { age } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { showPreferences } from "./preferences.js";
import { showWebhooks } from "./webhooks.js";

const PAGE = 20;
const SEVERITIES = { critical: ["Critical", "badge badge--bad"], warning: ["Warning", "badge badge--warn"], info: ["Information", "badge"] };
const CATEGORIES = { financial: "Money and loans", auth: "Account", governance: "Governance", system: "System" };

const part = (name) => document.querySelector(`[data-${name}]`);
const list = part("notices");
const rows = new Rows((row) => row.id);
const lines = new Map(); // id -> {element, row}
let total = 0;
let unread = 0;
let asked = 0;

// --- the inbox -----------------------------------------------------------------------------------------
const filters = () => ({
  category: part("category").value,
  severity: part("severity").value,
  unread: part("unread").checked ? true : undefined,
});

function isWanted(row) {
  const { category, severity, unread: isUnreadOnly } = filters();
  if (category && row.category !== category) return false;
  if (severity && row.severity !== severity) return false;
  return !isUnreadOnly || row.readAt === null || lines.has(row.id); // one just read does not jump away
}

async function load({ isMore = false } = {}) {
  asked += 1;
  const mine = asked;
  const offset = isMore ? rows.size : 0;
  try {
    const answer = await get("/v1/notifications", { ...filters(), limit: PAGE, offset });
    if (mine !== asked) return;
    const { data, pagination, seq } = answer;
    if (isMore) for (const row of data) rows.take(row, { seq });
    else rows.replace(data, { seq });
    rows.settle();
    total = Math.max(pagination.total, rows.size);
    setUnread(answer.unread);
    offerMore();
  } catch (error) {
    if (mine === asked && rows.size === 0) fail(error);
    else toast(error.message, { kind: "assertive" });
  }
}

function setUnread(count) {
  unread = count;
  part("read-all").disabled = unread === 0;
}

function offerMore() {
  const button = el("button", { class: "button", type: "button" }, "Load more");
  button.addEventListener("click", () => {
    button.disabled = true;
    load({ isMore: true });
  });
  part("more").replaceChildren(...(rows.size < total ? [button] : []));
}

function note(...content) {
  list.removeAttribute("aria-busy");
  for (const { element } of lines.values()) element.remove();
  lines.clear();
  list.replaceChildren(el("li", { class: "empty" }, ...content));
}

function fail(error) {
  const again = el("button", { class: "button", type: "button" }, "Try again");
  again.addEventListener("click", () => load());
  note(el("p", { role: "alert" }, error.message), again);
}

function draw() {
  if (!rows.isReady) return;
  const shown = rows.all().filter(isWanted).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  if (shown.length === 0) {
    const isAll = Object.values(filters()).every((value) => !value);
    note(el("p", {}, isAll ? "There is nothing yet." : "Nothing is like this."), el("p", { class: "note__small" }, isAll ? "Alerts of your loans, sign-ins and votes appear here by themselves." : "Choose other filters to see more."));
    return;
  }
  if (lines.size === 0) list.replaceChildren();
  list.removeAttribute("aria-busy");
  const wanted = new Set(shown.map(({ id }) => id));
  for (const [id, { element }] of lines) {
    if (wanted.has(id)) continue;
    element.remove();
    lines.delete(id);
  }
  shown.forEach((row, i) => {
    const element = line(row);
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
}

/** Return the element of a notification, drawn anew only where it has changed. */
function line(row) {
  const held = lines.get(row.id);
  const isUnread = row.readAt === null;
  if (held) {
    if (held.isUnread !== isUnread) mark(held, isUnread);
    return held.element;
  }
  const [word, badge] = SEVERITIES[row.severity];
  const read = el("button", { class: "button button--small", type: "button" }, "Mark as read");
  const remove = el("button", { class: "button button--small", type: "button", "aria-label": `Delete: ${row.title}` }, "Delete");
  const element = el(
    "li",
    { class: "notice", "data-notice": row.id },
    el(
      "div",
      { class: "notice__head" },
      el("span", { class: badge }, word),
      el("strong", {}, row.title),
      el("span", { class: "notice__what" }, CATEGORIES[row.category] ?? row.category),
      age(row.createdAt),
    ),
    el("p", { class: "notice__text" }, row.message),
    el("div", { class: "acts" }, ...(row.link ? [el("a", { class: "button button--small", href: row.link }, "Open")] : []), read, remove),
  );
  const made = { element, read, isUnread: null };
  lines.set(row.id, made);
  mark(made, isUnread);
  read.addEventListener("click", () => markRead(row.id));
  remove.addEventListener("click", () => drop(row.id));
  return element;
}

function mark(held, isUnread) {
  held.isUnread = isUnread;
  setAttribute(held.element, "data-unread", String(isUnread));
  held.read.hidden = !isUnread;
}

async function markRead(id) {
  const hope = rows.propose(id, { readAt: new Date().toISOString() });
  try {
    const { data } = await send("PUT", `/v1/notifications/${encodeURIComponent(id)}/read`);
    hope.settle(data);
    setUnread(Math.max(0, unread - 1));
  } catch (error) {
    hope.undo();
    toast(error.message, { kind: "assertive" });
  }
}

async function drop(id) {
  try {
    await send("DELETE", `/v1/notifications/${encodeURIComponent(id)}`);
    rows.remove(id);
    total -= 1;
    offerMore();
  } catch (error) {
    toast(error.message, { kind: "assertive" });
  }
}

async function markAll() {
  const now = new Date().toISOString();
  const hopes = rows.all().filter(({ readAt }) => readAt === null).map(({ id }) => rows.propose(id, { readAt: now }));
  part("read-all").disabled = true;
  try {
    const { data } = await send("PUT", "/v1/notifications/read-all");
    toast(data.read === 1 ? "1 notification is read now." : `${data.read} notifications are read now.`);
    await load();
  } catch (error) {
    part("read-all").disabled = false;
    toast(error.message, { kind: "assertive" });
  } finally {
    for (const hope of hopes) hope.undo();
  }
}

function exportCsv() {
  const fields = ["createdAt", "severity", "category", "type", "title", "message", "readAt"];
  const shown = rows.all().filter(isWanted).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  download("notifications.csv", csv([fields, ...shown.map((row) => fields.map((name) => row[name] ?? ""))]));
}

/** The stream: new ones, those that were read or deleted elsewhere, and the count. */
function onRow(row, meta) {
  if (row.event === "unread_count") return setUnread(row.count);
  const isNew = !rows.has(row.id);
  if (meta.isSnapshot && isNew) return undefined; // older ones come by page
  if (isNew && isWanted(row)) total += 1;
  return rows.take(row, meta);
}

// --- tabs ----------------------------------------------------------------------------------------------
const tabs = [...part("tabs").children];
const opened = new Set(["inbox"]);
const OPEN = { preferences: showPreferences, webhooks: showWebhooks };

function choose(tab, { isAsked = true } = {}) {
  for (const one of tabs) {
    const isChosen = one === tab;
    const name = one.getAttribute("aria-controls");
    setAttribute(one, "aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    document.getElementById(name).hidden = !isChosen;
    if (!isChosen) continue;
    if (isAsked) history.replaceState(null, "", name === "inbox" ? location.pathname : `#${name}`);
    if (!opened.has(name)) OPEN[name](document.querySelector(`[data-${name}]`));
    opened.add(name);
  }
}

function onKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  next.focus();
  choose(next);
}

for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
part("tabs").addEventListener("keydown", onKey);
const first = tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
if (first) choose(first, { isAsked: false });
for (const name of ["category", "severity", "unread"]) {
  part(name).addEventListener("change", () => {
    for (const { element } of lines.values()) element.remove();
    lines.clear();
    list.setAttribute("aria-busy", "true");
    load();
  });
}
part("read-all").addEventListener("click", markAll);
part("csv").addEventListener("click", exportCsv);
rows.onChange(draw);
stream.subscribe("notifications", {}, { onRow, onRemove: (id) => rows.remove(id), onReset: () => load() });
showAgeOf("notifications");
load();

/**
 * The admin's live operations: asks for the figures every two seconds while it is looked at.
 *
 * Rows are kept by key and written in place; a figure that is not known is a dash.
 */

import { el, setAttribute, setText } from "../ui/dom.js";
import { moment, NOTHING, span } from "../ui/format.js";

const EVERY_MS = 2_000;
const ASK_MS = 5_000;
const LATE_LAG_SECONDS = 10;

const root = document.querySelector("[data-operations]");
const state = root.querySelector("[data-ops-state]");
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const bytes = (count) => (count < 1024 ? `${count} B` : `${number.format(count / 1024)} KiB`);
const seconds = (value) =>
  value === null ? NOTHING : value < 60 ? `${number.format(value)} s` : span(Math.floor(value));
const count = (value) => (value === null || value === undefined ? NOTHING : number.format(value));

/** A table with fixed columns: `[title, cell(row), isNumber]`; `show` writes its rows by key. */
function table(holder, caption, columns, { key, tone = () => "", empty }) {
  const body = el("tbody");
  const head = columns.map(([title, , isNumber]) =>
    el("th", { scope: "col", class: isNumber ? "ops__number" : null }, title),
  );
  const blank = el("p", { hidden: true }, empty);
  const whole = el("table", {}, el("caption", { class: "visually-hidden" }, caption));
  whole.append(el("thead", {}, el("tr", {}, ...head)), body);
  holder.append(whole, blank);
  const rows = new Map();
  return (items) => {
    const seen = new Set();
    for (const item of items) {
      const name = key(item);
      seen.add(name);
      let row = rows.get(name);
      if (!row) {
        row = el("tr");
        for (const [, , isNumber] of columns) {
          row.append(
            row.children.length
              ? el("td", { class: isNumber ? "ops__number" : null })
              : el("th", { scope: "row" }),
          );
        }
        rows.set(name, row);
        body.append(row);
      }
      columns.forEach(([, cell], place) => setText(row.children[place], cell(item)));
      setAttribute(row, "data-tone", tone(item));
    }
    for (const [name, row] of rows) {
      if (seen.has(name)) continue;
      row.remove();
      rows.delete(name);
    }
    blank.hidden = items.length > 0;
    whole.hidden = items.length === 0;
  };
}

function stats(holder, names) {
  const values = names.map((name) => {
    const value = el("dd", {}, NOTHING);
    holder.append(el("div", {}, el("dt", {}, name), value));
    return value;
  });
  return (texts) => texts.forEach((text, place) => setText(values[place], text));
}

const find = (name) => root.querySelector(`[data-ops-${name}]`);

const showStats = stats(find("stats"), [
  "Processes",
  "Sockets",
  "Events a second",
  "Slow readers",
  "Journal, seq",
  "Engine, term",
  "Market",
  "Fills poller",
]);
const showWorkers = table(
  find("workers"),
  "What each serving process reports",
  [
    ["Process", (row) => row.id],
    ["Up", (row) => seconds(row.uptimeSeconds), true],
    ["Sockets", (row) => count(row.sockets), true],
    ["Users", (row) => count(row.users), true],
    ["Queue in / out", (row) => `${count(row.queues.in)} / ${count(row.queues.out)}`, true],
    ["Waiting", (row) => `${count(row.queues.frames)}, ${bytes(row.queues.bytes)}`, true],
    ["Slow", (row) => count(row.slow.readers), true],
    ["Slowest", (row) => (row.slow.slowest[0] ? bytes(row.slow.slowest[0].bytes) : NOTHING), true],
    ["Closed slow", (row) => count(row.closes["4008"] ?? 0), true],
    ["Behind", (row) => count(row.behind), true],
    ["Repairs", (row) => count(row.repairs), true],
    ["Reported", (row) => `${seconds(row.ageSeconds)} ago`, true],
  ],
  {
    key: (row) => row.id,
    tone: (row) => (row.slow.readers || row.behind > 500 ? "warn" : ""),
    empty: "No process reports. Figures come from processes started with manage.py serve.",
  },
);
const showChannels = table(
  find("channels"),
  "Sockets by channel and process",
  [
    ["Channel", (row) => row.channel],
    ["Sockets", (row) => count(row.sockets), true],
    ["By process", (row) => row.processes],
  ],
  { key: (row) => row.channel, empty: "Nobody is subscribed to anything." },
);
const showSteps = table(
  find("steps"),
  "The engine's steps",
  [
    ["Step", (row) => row.name],
    ["Every", (row) => seconds(row.intervalSeconds), true],
    ["Last run", (row) => (row.ranAt ? `${seconds(row.ageSeconds)} ago` : "never"), true],
    ["Took", (row) => (row.ranAt ? `${number.format(row.durationMs)} ms` : NOTHING), true],
    ["Lag", (row) => seconds(row.lagSeconds), true],
    ["Failures", (row) => count(row.failures), true],
    ["Last error", (row) => row.lastError || NOTHING],
  ],
  {
    key: (row) => row.name,
    tone: (row) =>
      row.lastError ? "bad" : row.lagSeconds > Math.max(LATE_LAG_SECONDS, row.intervalSeconds) ? "warn" : "",
    empty: "The engine has not run yet.",
  },
);
const showDeliveries = table(
  find("deliveries"),
  "What waits at each outer door",
  [
    ["Door", (row) => row.door],
    ["Waiting", (row) => count(row.waiting), true],
    ["Oldest since", (row) => (row.oldestAt ? moment(row.oldestAt) : NOTHING)],
    ["Failed in 24 h", (row) => count(row.failed24h), true],
  ],
  { key: (row) => row.door, empty: "Nothing waits." },
);

function byChannel(workers) {
  const found = new Map();
  for (const worker of workers) {
    for (const [channel, sockets] of Object.entries(worker.channels)) {
      const row = found.get(channel) ?? { channel, sockets: 0, parts: [] };
      row.sockets += sockets;
      row.parts.push(`${worker.id} ${count(sockets)}`);
      found.set(channel, row);
    }
  }
  const rows = [...found.values()].map((row) => ({ ...row, processes: row.parts.join(", ") }));
  return rows.sort((a, b) => a.channel.localeCompare(b.channel));
}

function show(figures) {
  const { workers, engine, market, poller, journal } = figures;
  const sum = (of) => workers.reduce((total, row) => total + of(row), 0);
  showStats([
    count(workers.length),
    count(sum((row) => row.sockets)),
    count(journal.perSecond),
    count(sum((row) => row.slow.readers)),
    count(journal.seq),
    `${engine.term} (${engine.holder || NOTHING})`,
    market.isPaused ? "Paused" : `Open, block ${count(market.block)}`,
    poller.isEnabled ? poller.status : "switched off",
  ]);
  showWorkers(workers);
  showChannels(byChannel(workers));
  showSteps(engine.steps);
  showDeliveries(figures.deliveries);
}

let wasAt = null;

function say(name, text) {
  setAttribute(state, "data-state", name);
  setText(state, text);
}

async function ask() {
  let response;
  try {
    response = await fetch(root.dataset.operations, { signal: AbortSignal.timeout(ASK_MS) });
  } catch {
    say("lost", `The server does not answer. ${wasAt ? `Figures as of ${moment(wasAt)}.` : ""}`);
    return true;
  }
  if (response.status === 403) {
    say("lost", "You are signed out, or may no longer see this. Sign in again to go on.");
    return false;
  }
  if (!response.ok) {
    say("lost", `The server answered ${response.status}; asking again.`);
    return true;
  }
  const figures = await response.json();
  show(figures);
  wasAt = figures.timestamp;
  const whose = !figures.isWhole
    ? "Redis is away: figures of this process alone."
    : figures.layer === "redis"
      ? "Figures of every process."
      : "Without Redis: figures of the process that answers.";
  say("live", `Live, every ${EVERY_MS / 1000} s. ${whose}`);
  return true;
}

async function loop() {
  if (document.hidden || (await ask())) setTimeout(loop, EVERY_MS);
}

document.addEventListener("visibilitychange", () => document.hidden || ask());
loop();

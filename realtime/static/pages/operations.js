/**
 * The admin's live operations: asks for the figures every two seconds while it is looked at.
 *
 * Tables sort, narrow and export as the dashboard's do; a figure that is not known is a dash.
 */

import { el, setAttribute, setText } from "../ui/dom.js";
import { moment, NOTHING, span } from "../ui/format.js";
import { Table } from "../ui/table.js";

const EVERY_MS = 2_000;
const ASK_MS = 5_000;
const LATE_LAG_SECONDS = 10;

const root = document.querySelector("[data-operations]");
const state = root.querySelector("[data-ops-state]");
const find = (name) => root.querySelector(`[data-ops-${name}]`);
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const bytes = (count) => (count === null ? NOTHING : count < 1024 ? `${count} B` : `${number.format(count / 1024)} KiB`);
const seconds = (value) =>
  value === null ? NOTHING : value < 60 ? `${number.format(value)} s` : span(Math.floor(value));
const count = (value) => (value === null || value === undefined ? NOTHING : number.format(value));

/** A sortable column: what it shows, and the bare value that it sorts by and that a file says. */
const column = (key, title, value, cell = count, align = "end") => ({
  key,
  title,
  align,
  sort: value,
  csv: (row) => value(row) ?? "",
  cell: (row) => cell(value(row), row),
});
const text = (key, title, value) => column(key, title, value, (found) => found || NOTHING, "start");

/** A table in its place; `tone` marks a row that wants attention. */
function table(name, caption, columns, { key, tone = () => "", empty }) {
  const onRow = (row, tr) => setAttribute(tr, "data-tone", tone(row));
  const order = { by: columns[0].key, isDown: false };
  const made = new Table({ caption, columns, key, empty, onRow, order, filter: true, csv: `${name}.csv` });
  find(name).append(made.element);
  return made;
}

function stats(holder, names) {
  const values = names.map((name) => {
    const value = el("dd", {}, NOTHING);
    holder.append(el("div", {}, el("dt", {}, name), value));
    return value;
  });
  return (texts) => texts.forEach((text, place) => setText(values[place], text));
}

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
const workersTable = table(
  "workers",
  "Processes",
  [
    text("process", "Process", (row) => row.id),
    column("up", "Up", (row) => row.uptimeSeconds, seconds),
    column("sockets", "Sockets", (row) => row.sockets),
    column("users", "Users", (row) => row.users),
    column("in", "Queue in", (row) => row.queues.in),
    column("out", "Queue out", (row) => row.queues.out),
    column("frames", "Frames waiting", (row) => row.queues.frames),
    column("bytes", "Bytes waiting", (row) => row.queues.bytes, bytes),
    column("slow", "Slow", (row) => row.slow.readers),
    column("slowest", "Slowest", (row) => row.slow.slowest[0]?.bytes ?? null, bytes),
    column("closed", "Closed slow", (row) => row.closes["4008"] ?? 0),
    column("behind", "Behind", (row) => row.behind),
    column("repairs", "Repairs", (row) => row.repairs),
    column("reported", "Reported", (row) => row.ageSeconds, (age) => `${seconds(age)} ago`),
  ],
  {
    key: (row) => row.id,
    tone: (row) => (row.slow.readers || row.behind > 500 ? "warn" : ""),
    empty: "No process reports. Figures come from processes started with manage.py serve.",
  },
);
const channelsTable = table(
  "channels",
  "Sockets by channel",
  [
    text("channel", "Channel", (row) => row.channel),
    column("sockets", "Sockets", (row) => row.sockets),
    text("processes", "By process", (row) => row.processes),
  ],
  { key: (row) => row.channel, empty: "Nobody is subscribed to anything." },
);
const stepsTable = table(
  "steps",
  "Engine steps",
  [
    text("step", "Step", (row) => row.name),
    column("every", "Every", (row) => row.intervalSeconds, seconds),
    column("ran", "Last run", (row) => row.ageSeconds, (age) => (age === null ? "never" : `${seconds(age)} ago`)),
    column("took", "Took", (row) => (row.ranAt ? row.durationMs : null), (ms) => (ms === null ? NOTHING : `${number.format(ms)} ms`)),
    column("lag", "Lag", (row) => row.lagSeconds, seconds),
    column("failures", "Failures", (row) => row.failures),
    text("error", "Last error", (row) => row.lastError),
  ],
  {
    key: (row) => row.name,
    tone: (row) =>
      row.lastError ? "bad" : row.lagSeconds > Math.max(LATE_LAG_SECONDS, row.intervalSeconds) ? "warn" : "",
    empty: "The engine has not run yet.",
  },
);
const deliveriesTable = table(
  "deliveries",
  "Deliveries",
  [
    text("door", "Door", (row) => row.door),
    column("waiting", "Waiting", (row) => row.waiting),
    column("oldest", "Oldest since", (row) => row.oldestAt, (at) => (at ? moment(at) : NOTHING)),
    column("failed", "Failed in 24 h", (row) => row.failed24h),
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
  return [...found.values()].map((row) => ({ ...row, processes: row.parts.join(", ") }));
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
  workersTable.show(workers);
  channelsTable.show(byChannel(workers));
  stepsTable.show(engine.steps);
  deliveriesTable.show(figures.deliveries);
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

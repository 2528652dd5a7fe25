/**
 * Behind the prices: each asset's sources, their spread, the averages, how old it is, its breaker;
 * the history of one asset; what staff were told. Asked for again and again: no channel tells it.
 */

import { get } from "../client/api.js";
import { followServerClock, serverClock } from "../client/server-clock.js";
import { whyFrozen } from "../oracle/frozen.js";
import { assetLabel } from "../ui/asset.js";
import { Chart } from "../ui/chart.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";

const EVERY_MS = 5_000;
const ALERTS_EVERY_MS = 20_000;
const PAGE = 20;
const MOST = 300; // alerts that news bring; more come by the button
const KINDS = {
  circuit_breaker_trip: "Breaker tripped",
  circuit_breaker_recover: "Breaker released",
  circuit_breaker_reset: "Breaker reset",
  source_failure: "Source failed",
  source_recovery: "Source is back",
  stale_price: "Price stale",
  manual_price: "Price entered",
};
const TONES = { critical: "badge badge--bad", warning: "badge badge--warn", info: "badge" };

const place = (name) => document.querySelector(`[data-${name}]`);

// --- feeds ---------------------------------------------------------------------------------------------
function breaker(row) {
  if (row.circuitBreaker) {
    const why = whyFrozen(row, row, Date.now(), (iso) => format.clockTime(new Date(iso)));
    const said = row.candidate === null ? "" : `The sources say ${format.usd(row.candidate)}.`;
    return el(
      "span",
      {},
      el("span", { class: "badge badge--bad" }, "Halted"),
      el("small", {}, `${why} ${said} `, row.trippedAt ? moment(row.trippedAt) : ""),
    );
  }
  const note = row.releasedAt ? el("small", {}, "released ", moment(row.releasedAt)) : "";
  return el("span", {}, el("span", { class: "badge badge--good" }, "Closed"), note);
}

function sources(row) {
  const names = row.feed.split("+");
  const badges = names.map((name) => {
    const answers = row.sources.includes(name);
    return el(
      "span",
      { class: answers ? "badge" : "badge badge--warn", title: answers ? "Answers" : "Does not answer" },
      answers ? name : `${name}: silent`,
    );
  });
  return el("span", { class: "feeds__sources" }, ...badges);
}

function aged(row) {
  const made = el("span", { "data-feed-age": row.timestamp });
  tellAge(made);
  return el("span", {}, made, row.stale ? el("span", { class: "badge badge--warn" }, "Stale") : "");
}

function tellAge(element) {
  setText(element, format.age(serverClock.now() - Date.parse(element.dataset.feedAge)));
}

/** An average, and how far the price is from it. */
function average(row, text) {
  if (text === null) return format.NOTHING;
  const away = Number(row.price) / Number(text) - 1;
  return el("span", {}, format.usd(text), el("small", { title: "The price against this average" }, format.change(away)));
}

const by = (key) => (row) => Number(row[key] ?? 0);

function feedTable(names, onChoose) {
  const twap = (key, title) => ({ key, title, hint: "Time-weighted average", cell: (row) => average(row, row[key]), sort: by(key), csv: (row) => row[key] });
  return new Table({
    caption: "Feeds",
    key: (row) => row.asset,
    order: { by: "asset", isDown: false },
    filter: true,
    csv: "feeds.csv",
    tools: place("feeds-tools"),
    className: "feeds",
    expected: Object.keys(names).length,
    empty: "There are no assets with a price yet.",
    columns: [
      {
        key: "asset",
        title: "Asset",
        cell: (row) => {
          const chart = el("button", { class: "feeds__asset", type: "button", title: "Show its history" }, assetLabel(row.asset, names[row.asset] ?? ""));
          chart.addEventListener("click", () => onChoose(row.asset));
          return chart;
        },
        sort: (row) => row.asset,
        csv: (row) => row.asset,
      },
      { key: "sources", title: "Sources", align: "start", cell: sources, csv: (row) => row.sources.join("+") },
      { key: "spread", title: "Spread", hint: "Between the sources that answer", cell: (row) => (row.sources.length < 2 ? "one source" : format.rate(row.spread)), sort: by("spread"), csv: (row) => row.spread },
      { key: "confidence", title: "Confidence", cell: (row) => format.share(row.confidence), sort: by("confidence"), csv: (row) => row.confidence },
      twap("twap5m", "5 min"),
      twap("twap15m", "15 min"),
      twap("twap1h", "1 h"),
      { key: "age", title: "Age", cell: aged, sort: (row) => row.timestamp, csv: (row) => row.timestamp },
      { key: "breaker", title: "Breaker", align: "start", cell: breaker, sort: (row) => Number(row.circuitBreaker), csv: (row) => (row.circuitBreaker ? row.tripReason : "closed") },
    ],
  });
}

function follow(table) {
  const load = async () => {
    if (document.hidden) return;
    try {
      const [prices, status] = await Promise.all([get("/v1/oracle/prices"), get("/v1/oracle/status")]);
      const states = new Map(status.data.assets.map((row) => [row.asset, row]));
      table.show(prices.data.map((row) => ({ ...states.get(row.asset), ...row })));
      const { healthy, priceSource } = status.data;
      setText(place("oracle-state"), healthy ? `The oracle runs; market prices are ${priceSource === "simulated" ? "simulated" : `a ${priceSource}`}.` : "The oracle stands: no price has come for two minutes.");
      setAttribute(place("oracle-state"), "data-healthy", String(healthy));
    } catch (error) {
      if (table.element.querySelector("[aria-busy]")) table.fail(error.message, load);
      else setText(place("oracle-state"), `What is below is not new: ${error.message}`);
    }
  };
  load();
  setInterval(load, EVERY_MS);
  setInterval(() => document.querySelectorAll("[data-feed-age]").forEach(tellAge), 1_000);
  document.addEventListener("visibilitychange", load);
}

// --- history -------------------------------------------------------------------------------------------
function historyChart() {
  const select = place("chart-asset");
  let range = "24h";
  let asked = 0;
  let shown = null; // the asset
  const chart = new Chart({
    title: "Price history",
    series: [{ label: "Price", colour: "--accent", format: (value) => format.usd(String(value)), isFilled: true }],
    ranges: ["1h", "24h", "7d", "30d"],
    range,
    onRange: (wanted) => {
      range = wanted;
      load();
    },
  });
  async function load() {
    asked += 1;
    const mine = asked;
    const symbol = select.value;
    if (symbol !== shown) {
      chart.show([], []); // no asset's line stands under another's name
      chart.say("Loading…");
      shown = symbol;
    }
    try {
      const { data } = await get(`/v1/oracle/prices/${encodeURIComponent(symbol)}`, { history: true, period: range });
      if (mine !== asked) return;
      const points = data.history.filter(({ price }) => price !== null);
      chart.show(points.map(({ timestamp }) => Date.parse(timestamp) / 1000), points.map(({ price }) => Number(price)));
    } catch (error) {
      if (mine !== asked) return;
      chart.say(error.message);
      if (!error.isUnknown && error.status !== 429) return;
      setTimeout(() => mine === asked && load(), error.retryAfter === null ? EVERY_MS : error.retryAfter * 1_000);
    }
  }
  place("chart").replaceChildren(chart.element);
  select.addEventListener("change", load);
  load();
  return (symbol) => {
    select.value = symbol;
    load();
    select.scrollIntoView({ block: "center" });
    select.focus({ preventScroll: true });
  };
}

// --- alerts --------------------------------------------------------------------------------------------
function alertTable() {
  let rows = [];
  const table = new Table({
    caption: "Alerts of the oracle",
    key: (row) => row.id,
    csv: "oracle-alerts.csv",
    tools: place("alerts-tools"),
    empty: "Nothing yet: no breaker tripped and no source failed.",
    columns: [
      { key: "at", title: "When", cell: (row) => moment(row.timestamp), csv: (row) => row.timestamp },
      { key: "asset", title: "Asset", align: "start", cell: (row) => row.asset ?? "–", csv: (row) => row.asset },
      { key: "kind", title: "What", align: "start", cell: (row) => el("span", { class: TONES[row.severity] ?? "badge" }, KINDS[row.type] ?? row.type), csv: (row) => row.type },
      { key: "message", title: "In words", align: "start", cell: (row) => el("span", { class: "feeds__words" }, row.message), csv: (row) => row.message },
    ],
  });
  const load = async (offset = 0) => {
    try {
      const { data, pagination } = await get("/v1/oracle/alerts", { limit: PAGE, offset });
      const held = new Map(rows.map((row) => [row.id, row]));
      const fresh = data.filter((row) => !held.has(row.id));
      rows = offset === 0 ? [...fresh, ...rows].slice(0, Math.max(MOST, rows.length)) : [...rows, ...fresh];
      table.show(rows);
      table.more(rows.length < pagination.total ? () => load(rows.length) : null);
    } catch (error) {
      if (rows.length === 0) table.fail(error.message, load);
    }
  };
  place("alerts").replaceChildren(table.element);
  load();
  setInterval(() => document.hidden || load(), ALERTS_EVERY_MS);
}

/** Show the feeds, the history and the alerts; `names` are those of the assets. */
export function showFeeds(names) {
  followServerClock();
  const table = feedTable(names, historyChart());
  place("feeds").replaceChildren(table.element);
  follow(table);
  alertTable();
}

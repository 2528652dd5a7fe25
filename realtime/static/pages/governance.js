/** Governance: the list of proposals, live, and the caller's power and stake beside it. */

import { isSignedIn, stream } from "../client.js";
import { get } from "../client/api.js";
import { TYPES, weight } from "../governance/words.js";
import { showAgeOf } from "../ui/connection.js";
import { duration } from "../ui/countdown.js";
import { el, pageData, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { soon } from "../ui/soon.js";
import { toast } from "../ui/toast.js";
import { openProposal } from "./proposal-form.js";
import { ProposalCard } from "./proposal-card.js";
import { showPower } from "./voting-power.js";

const PAGE = 10;
const MOST = 100; // cards that news bring; more come by the button
const SOON_MS = 300;
const VOTES = new Set(["vote_cast", "vote_changed"]);
const EVERY_MS = 6_000; // for a visitor, who has no stream
const STATES = {
  open: new Set(["DRAFT", "ACTIVE"]),
  waiting: new Set(["PASSED", "TIMELOCK", "READY"]),
};

const assets = pageData("assets");
const list = document.querySelector("[data-list]");
const more = document.querySelector("[data-more]");
const type = document.querySelector("[data-type]");
const states = document.querySelector("[data-states]");
const stat = (name) => document.querySelector(`[data-stat="${name}"]`);
const cards = new Map(); // proposal id -> card
let state = "";
let asked = 0;

const isWanted = ({ status }) =>
  state === "" || (state === "ended" ? !STATES.open.has(status) && !STATES.waiting.has(status) : STATES[state].has(status));

/** Put a row on its card; a new one goes to the top, as numbers rise. */
function take(row) {
  const card = cards.get(row.proposalId);
  if (card) return card.take(row);
  const made = new ProposalCard(row);
  cards.set(row.proposalId, made);
  const below = [...cards.values()].find(({ row: other }) => other.proposalNumber < row.proposalNumber);
  if (below) below.element.before(made.element);
  else list.append(made.element);
  return made;
}

function drop(id) {
  cards.get(id)?.element.remove();
  cards.delete(id);
}

function dropOldest() {
  const byNumber = [...cards.values()].sort((a, b) => b.row.proposalNumber - a.row.proposalNumber);
  for (const { row } of byNumber.slice(MOST)) drop(row.proposalId);
}

async function load({ isMore = false } = {}) {
  asked += 1;
  const mine = asked;
  const page = isMore ? Math.floor(cards.size / PAGE) + 1 : 1;
  try {
    const { data, pagination } = await get("/v1/governance/proposals", { state, type: type.value, limit: PAGE, page });
    if (mine !== asked) return;
    if (!isMore) {
      const kept = new Set(data.map(({ proposalId }) => proposalId));
      if (cards.size <= PAGE) for (const id of [...cards.keys()]) if (!kept.has(id)) drop(id);
    }
    clearNotes();
    data.forEach(take);
    if (!isMore) dropOldest();
    if (cards.size === 0) list.append(nothing());
    offerMore(cards.size < pagination.total);
  } catch (error) {
    if (mine === asked && cards.size === 0) fail(error);
  }
}

function clearNotes() {
  list.removeAttribute("aria-busy");
  for (const note of list.querySelectorAll(":scope > :not([data-proposal])")) note.remove();
}

function nothing() {
  const what = state === "" && type.value === "" ? "Nothing has been proposed yet." : "There is no proposal of this kind.";
  const hint = isSignedIn ? "Make one with “New proposal”." : "Sign in to make one.";
  return el("div", { class: "panel empty" }, el("p", {}, what), el("p", { class: "note__small" }, hint));
}

function fail(error) {
  const again = el("button", { class: "button", type: "button" }, "Try again");
  again.addEventListener("click", () => load());
  clearNotes();
  list.append(el("div", { class: "panel empty" }, el("p", { role: "alert" }, error.message), again));
}

function offerMore(isMore) {
  const button = el("button", { class: "button", type: "button" }, "Load more");
  button.addEventListener("click", () => load({ isMore: true }));
  more.replaceChildren(...(isMore ? [button] : []));
}

async function count() {
  try {
    const [open, waiting] = await Promise.all(
      ["open", "waiting"].map((name) => get("/v1/governance/proposals", { state: name, limit: 1 })),
    );
    setText(stat("open"), String(open.pagination.total));
    setText(stat("waiting"), String(waiting.pagination.total));
  } catch {
    // two figures less; the page goes on
  }
}

/** A proposal has changed: what the stream tells lacks who made it, and when it ended. */
function onEvent(row, { isSnapshot }) {
  const card = cards.get(row.proposalId);
  if (card) {
    const ended = card.row.endedAt ?? (isOver(row.status) ? new Date().toISOString() : null);
    if (isWanted(row)) card.take({ ...card.row, ...row, endedAt: ended });
    else drop(row.proposalId);
  }
  if (isSnapshot || VOTES.has(row.event)) return;
  if (!card && isWanted(row) && (type.value === "" || type.value === row.type)) loadSoon();
  countSoon();
}

const loadSoon = soon(() => load(), SOON_MS);
const countSoon = soon(count, SOON_MS);

const isOver = (status) => !STATES.open.has(status) && !STATES.waiting.has(status);

function showRules(config) {
  const rule = (title, text) => el("div", {}, el("dt", {}, title), el("dd", {}, text));
  const kinds = Object.entries(config.types).map(([name, terms]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, TYPES[name] ?? name),
      el("td", {}, `${terms.quorumPercent} %`),
      el("td", {}, duration(terms.votingSeconds * 1000)),
      el("td", {}, terms.timelockSeconds ? duration(terms.timelockSeconds * 1000) : "none"),
    ),
  );
  const head = ["Type", "Quorum", "Vote", "Timelock"].map((title) => el("th", { scope: "col" }, title));
  document.querySelector("[data-rules]").replaceChildren(
    el(
      "dl",
      { class: "facts facts--plain" },
      rule("To propose", `${format.amount(config.proposalThreshold, 0)} DUAL`),
      rule("Deposit", `${format.amount(config.proposalDeposit, 0)} DUAL, returned unless the quorum is missed`),
      rule("Open at once", `${config.maxOpenProposals}, one a person`),
      rule("All DUAL", weight(config.totalSupply)),
    ),
    el(
      "details",
      {},
      el("summary", {}, "Quorum and clocks by type"),
      el("table", { class: "plain-table" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...kinds)),
    ),
  );
}

async function start() {
  for (const [value, text] of Object.entries(TYPES)) type.append(el("option", { value }, text));
  states.addEventListener("click", ({ target }) => {
    if (target.dataset.state === undefined) return;
    state = target.dataset.state;
    for (const button of states.children) button.setAttribute("aria-pressed", String(button === target));
    restart();
  });
  type.addEventListener("change", restart);
  load();
  count();
  get("/v1/staking/info").then(({ data }) => {
    setText(stat("staked"), weight(data.totalStaked));
    setText(stat("stakers"), `by ${data.stakers}`);
  }).catch(() => {});
  const makes = document.querySelector("[data-new]");
  makes?.addEventListener("click", propose);
  makes?.removeAttribute("disabled");
  try {
    showRules(await config());
  } catch (error) {
    document.querySelector("[data-rules]").replaceChildren(el("p", { class: "alert", role: "alert" }, error.message));
  }
}

let known = null;

/** Return the rules of governance, asked for once. */
async function config() {
  known ??= (await get("/v1/governance/config")).data;
  return known;
}

let isOpening = false;

/** The button is not disabled meanwhile: it would lose the focus that comes back to it. */
async function propose() {
  if (isOpening) return;
  isOpening = true;
  try {
    await openProposal(await config(), assets);
  } catch (error) {
    toast(error.message, { kind: "assertive" });
  } finally {
    isOpening = false;
  }
}

function restart() {
  for (const id of [...cards.keys()]) drop(id);
  clearNotes();
  list.setAttribute("aria-busy", "true");
  load();
}

if (isSignedIn) {
  stream.subscribe("governance", {}, { onRow: onEvent, onReset: () => load() });
  showAgeOf("governance");
  showPower((power) => {
    setText(stat("power"), weight(power.effectiveVotingPower));
    setText(stat("powerNote"), power.delegate ? "delegated away" : "");
  });
} else {
  setInterval(() => document.hidden || load(), EVERY_MS);
}
start();

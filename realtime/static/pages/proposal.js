/** One proposal: its live tally, what it does, who voted, its way, and what the caller can do. */

import { isSignedIn, stream } from "../client.js";
import { get } from "../client/api.js";
import { Rows } from "../client/rows.js";
import { DIRECTIONS, pictureOf, weightOf, withVote } from "../governance/tally.js";
import { stepsOf } from "../governance/timeline.js";
import { DIRECTION_WORDS, TYPES, fieldName, valueName, weight } from "../governance/words.js";
import { showAgeOf } from "../ui/connection.js";
import { el, flash, pageData, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { soon } from "../ui/soon.js";
import { TallyBar } from "../ui/tally-bar.js";
import { moment } from "../ui/time.js";
import { effectTable } from "./effects.js";
import { showActions } from "./proposal-actions.js";
import { showStatus, waiting } from "./proposal-card.js";
import { VotePanel } from "./vote-panel.js";
import { VoteList } from "./vote-list.js";

const EVERY_MS = 5_000; // for a visitor, who has no stream
const SOON_MS = 300;
const IN_TABLE = ["poolId", "parameter", "feeType", "proposedValue", "currentValue", "proposedRate", "currentRate"];

const id = pageData("proposal-id");
const base = `/v1/governance/proposals/${encodeURIComponent(id)}`;
const part = (name) => document.querySelector(`[data-${name}]`);
const rows = new Rows((row) => row.proposalId);
const votes = new VoteList(part("votes"), base, part("votes-tools"));
const vote = isSignedIn ? new VotePanel(part("vote"), base, { onVote, onVoted: () => loadSoon() }) : null;
const loadSoon = soon(load, SOON_MS);
let drawn = {}; // what was drawn last, part by part, as text

// --- the tally -----------------------------------------------------------------------------------------
const bar = new TallyBar();
const lines = Object.fromEntries(
  DIRECTIONS.map((direction) => [direction, { weight: el("dd"), share: el("dd", { class: "tally__share" }) }]),
);
const quorum = el("p", { class: "tally__told" });
const outcome = el("p", { class: "tally__told" });

function buildTally() {
  const rowOf = (direction) => {
    const { weight: dd, share } = lines[direction];
    const name = el("dt", { class: `vote vote--${direction.toLowerCase()}` }, DIRECTION_WORDS[direction]);
    return el("div", { "data-direction-of": direction }, name, dd, share);
  };
  part("tally").replaceChildren(bar.element, el("dl", { class: "tally__lines" }, ...DIRECTIONS.map(rowOf)), quorum, outcome);
}

function drawTally(row) {
  const picture = pictureOf(row);
  bar.show(row);
  DIRECTIONS.forEach((direction, i) => {
    const { weight: dd, share } = lines[direction];
    const text = `${weight(weightOf(row, direction))} DUAL`;
    if (dd.textContent !== "" && dd.textContent !== text) flash(dd, "--accent");
    setText(dd, text);
    dd.title = weightOf(row, direction);
    setText(share, format.share(picture.shares[i]));
  });
  const needed = `${weight(row.quorumRequired)} DUAL`;
  setText(
    quorum,
    picture.isMet
      ? `The quorum of ${needed} for or abstained is met.`
      : `${weight(picture.missing)} DUAL of the quorum of ${needed} (for or abstained) are missing.`,
  );
  setAttribute(quorum, "data-met", String(picture.isMet));
  const isFor = Number(row.votesFor) > Number(row.votesAgainst);
  const isOpen = row.status === "ACTIVE";
  setText(outcome, isOpen ? `As it stands it would ${picture.isMet && isFor ? "pass" : "fail"}.` : "");
  setText(part("voters"), row.totalVoters === 1 ? "1 voter" : `${row.totalVoters} voters`);
}

// --- the rest ------------------------------------------------------------------------------------------
/** Draw a part only where what it shows has changed. */
function when(name, value, draw) {
  const text = JSON.stringify(value);
  if (drawn[name] === text) return;
  drawn[name] = text;
  draw();
}

function drawHead(row) {
  setText(part("title"), row.title);
  document.title = `${row.proposalId}: ${row.title} – Dualis`;
  const badge = el("span", { class: "badge" });
  showStatus(badge, row.status);
  part("line").replaceChildren(
    badge,
    el("span", {}, `${row.proposalId} · ${TYPES[row.type] ?? row.type}`),
    el("span", {}, "by ", el("span", { class: "code" }, row.proposerId)),
    waiting(row),
  );
}

function drawEffect(row) {
  const { data } = row.payload;
  const parts = [];
  if (row.execution?.result === "success") {
    parts.push(el("p", {}, "It was executed and changed:"), effectTable(row.execution.effects) ?? el("p", {}, "Nothing: it was a signal."));
  } else if (row.execution) {
    parts.push(el("p", { class: "alert" }, `It could not be executed: ${row.execution.failureReason}`));
  }
  const value = data.proposedValue ?? data.proposedRate;
  if (value !== undefined && row.execution?.result !== "success") {
    const parameter = data.parameter ?? { PROTOCOL_FEE: "reserveFactor", LIQUIDATION_PENALTY: "liquidationPenalty" }[data.feeType];
    parts.push(effectTable([{ parameter, poolId: data.poolId, from: data.currentValue ?? data.currentRate, to: value }]));
  }
  const hidden = new Set(["rationale", "reason", "purpose", "releaseNotes", ...(value === undefined ? [] : IN_TABLE)]);
  const fields = Object.entries(data).filter(([name, text]) => text !== null && !hidden.has(name));
  if (fields.length > 0) {
    const lines = fields.map(([name, text]) => el("div", {}, el("dt", {}, fieldName(name)), el("dd", {}, valueName(text))));
    parts.push(el("dl", { class: "facts facts--plain" }, ...lines));
  }
  part("effect").replaceChildren(...parts);
}

function drawText(row) {
  const { data } = row.payload;
  const reason = data.rationale ?? data.reason ?? data.purpose ?? data.releaseNotes;
  const parts = [el("p", { class: "prose" }, row.description)];
  if (reason) parts.push(el("p", { class: "prose" }, reason));
  if (row.discussionUrl) {
    parts.push(el("p", {}, el("a", { href: row.discussionUrl, rel: "noopener noreferrer nofollow", target: "_blank" }, "Discussion"), ` (${new URL(row.discussionUrl).host})`));
  }
  if (row.endReason) parts.push(el("p", { class: "prose" }, `It ended because: ${row.endReason}`));
  part("text").replaceChildren(...parts);
}

function drawSteps(row) {
  const words = { done: "done", now: "under way", next: "to come", failed: "ended here" };
  part("steps").replaceChildren(
    ...stepsOf(row).map(({ title, at, state }) =>
      el(
        "li",
        { "data-state": state, "aria-current": state === "now" ? "step" : null },
        el("span", { class: "steps__title" }, title),
        el("span", { class: "visually-hidden" }, `, ${words[state]}`),
        at ? moment(at) : "",
      ),
    ),
  );
}

function draw() {
  const row = rows.get(id);
  if (row === undefined) return;
  drawTally(row);
  when("head", [row.title, row.status, row.votingEndsAt, row.endedAt], () => drawHead(row));
  when("steps", [row.status, row.votingEndsAt, row.coSignedAt, row.endedAt, row.executedAt], () => drawSteps(row));
  if (row.payload === undefined) return;
  when("effect", [row.payload, row.execution], () => drawEffect(row));
  when("text", [row.description, row.endReason], () => drawText(row));
  when("acts", [row.status], () => showActions(row, base, load));
  vote?.show(row);
}

// --- what changes --------------------------------------------------------------------------------------
async function load() {
  try {
    const { data, seq } = await get(base);
    rows.take(data, { seq });
    rows.settle();
    votes.refresh();
    part("failure").replaceChildren();
  } catch (error) {
    if (!rows.isReady) fail(error);
  }
}

function fail(error) {
  part("page").hidden = true;
  const isUnknown = error.status === 404;
  const again = isUnknown
    ? el("a", { class: "button", href: "/governance" }, "All proposals")
    : el("button", { class: "button", type: "button" }, "Try again");
  if (!isUnknown) again.addEventListener("click", () => { part("page").hidden = false; load(); });
  part("failure").replaceChildren(el("div", { class: "panel empty" }, el("p", { role: "alert" }, error.message), again));
}

/** The stream tells the tally and the status at once; the texts come with the next look. */
function onEvent(row, meta) {
  const held = rows.get(id);
  if (held !== undefined) rows.take({ ...held, ...row }, meta);
  if (!meta.isSnapshot) loadSoon();
}

/** Show a vote before the server has counted it; return what ends that. */
function onVote(direction, own, before) {
  return rows.propose(id, withVote(rows.get(id), direction, own, before));
}

buildTally();
rows.onChange(draw);
load();
if (isSignedIn) {
  stream.subscribe("governance", { proposals: [id] }, { onRow: onEvent, onReset: load });
  showAgeOf("governance");
} else {
  setInterval(() => document.hidden || load(), EVERY_MS);
}

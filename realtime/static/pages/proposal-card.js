/** One proposal in the list: what it is, where it stands, its tally and what it waits for. */

import { pictureOf } from "../governance/tally.js";
import { waitsFor } from "../governance/timeline.js";
import { STATUSES, TYPES, weight } from "../governance/words.js";
import { timeLeft } from "../ui/countdown.js";
import { el, flash, setAttribute, setText } from "../ui/dom.js";
import { TallyBar } from "../ui/tally-bar.js";
import { moment } from "../ui/time.js";

const BADGES = { good: "badge badge--good", bad: "badge badge--bad", warn: "badge badge--warn", accent: "badge badge--accent", plain: "badge" };

/** Return the badge of a status; it can be told another one with `showStatus`. */
export function statusBadge(status) {
  const badge = el("span", { class: "badge" });
  showStatus(badge, status);
  return badge;
}

export function showStatus(badge, status) {
  const [text, tone] = STATUSES[status] ?? [status, "plain"];
  setText(badge, text);
  setAttribute(badge, "class", BADGES[tone]);
}

/** Return the line that says what a proposal waits for; once it is over, since when. */
export function waiting(row) {
  const next = waitsFor(row);
  if (next) return el("span", {}, `${next.text} `, timeLeft(next.at, "a moment"));
  return row.endedAt ? el("span", {}, moment(row.endedAt)) : el("span");
}

export class ProposalCard {
  element;
  row = null;
  #badge;
  #bar = new TallyBar();
  #votes = Object.fromEntries(["for", "against", "abstain", "quorum"].map((name) => [name, el("span")]));
  #wait = el("span", { class: "proposal-card__wait" });

  constructor(row) {
    const { proposalId, title, type } = row;
    this.#badge = statusBadge(row.status);
    const vote = (name, text) => el("span", { class: `vote vote--${name}` }, `${text} `, this.#votes[name]);
    this.element = el(
      "article",
      { class: "panel proposal-card", "data-proposal": proposalId },
      el(
        "div",
        { class: "proposal-card__head" },
        el("span", { class: "note__small" }, `${proposalId} · ${TYPES[type] ?? type}`),
        this.#badge,
      ),
      el("h3", {}, el("a", { href: `/governance/${encodeURIComponent(proposalId)}` }, title)),
      this.#bar.element,
      el(
        "div",
        { class: "proposal-card__foot" },
        el("span", { class: "votes" }, vote("for", "For"), vote("against", "Against"), vote("abstain", "Abstain")),
        this.#votes.quorum,
        this.#wait,
      ),
    );
    this.take(row);
  }

  /** Take the proposal as it is now. */
  take(row) {
    const before = this.row;
    this.row = row;
    showStatus(this.#badge, row.status);
    this.#bar.show(row);
    for (const [name, field] of [["for", "votesFor"], ["against", "votesAgainst"], ["abstain", "votesAbstain"]]) {
      setText(this.#votes[name], weight(row[field]));
      if (before && before[field] !== row[field]) flash(this.#votes[name], "--accent");
    }
    const { isMet, reached } = pictureOf(row);
    setText(this.#votes.quorum, isMet ? "Quorum met" : `${Math.floor(reached * 100)} % of quorum`);
    setAttribute(this.#votes.quorum, "data-met", String(isMet));
    const isSame = before && before.status === row.status && before.endedAt === row.endedAt && before.votingEndsAt === row.votingEndsAt;
    if (!isSame) this.#wait.replaceChildren(waiting(row));
  }
}

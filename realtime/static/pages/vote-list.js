/** Who voted on a proposal, newest first, page by page, with their reasons. */

import { get } from "../client/api.js";
import { DIRECTION_WORDS, weight } from "../governance/words.js";
import { el } from "../ui/dom.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";

const PAGE = 20;
const me = document.body.dataset.user;

const voter = ({ voterId }) =>
  el("span", {}, el("span", { class: "code" }, voterId), voterId === me ? el("span", { class: "badge badge--accent" }, "you") : "");

export class VoteList {
  #base;
  #table;
  #votes = new Map(); // voter -> vote
  #asked = 0;

  constructor(place, base, tools) {
    this.#base = base;
    this.#table = new Table({
      caption: "Votes",
      key: (row) => row.voterId,
      empty: "Nobody has voted yet.",
      csv: "votes.csv",
      tools,
      columns: [
        { key: "voter", title: "Voter", cell: voter, csv: (row) => row.voterId },
        { key: "direction", title: "Vote", align: "start", cell: (row) => el("span", { class: `vote vote--${row.direction.toLowerCase()}` }, DIRECTION_WORDS[row.direction]), sort: (row) => row.direction, csv: (row) => row.direction },
        { key: "weight", title: "Weight", cell: (row) => weight(row.weight), sort: (row) => Number(row.weight), csv: (row) => row.weight },
        { key: "reason", title: "Reason", align: "start", cell: (row) => el("span", { class: "vote-reason" }, row.reason ?? "–"), csv: (row) => row.reason ?? "" },
        { key: "at", title: "When", cell: (row) => moment(row.changedAt ?? row.castAt), sort: (row) => row.changedAt ?? row.castAt, csv: (row) => row.changedAt ?? row.castAt },
      ],
    });
    place.replaceChildren(this.#table.element);
  }

  /** Read the newest votes again. */
  async refresh() {
    await this.#load(1);
  }

  async #load(page) {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const { data, pagination } = await get(`${this.#base}/votes`, { page, limit: PAGE });
      if (asked !== this.#asked) return;
      const held = this.#votes;
      // A vote that is as it was stays the same object, and is not drawn again.
      const same = (vote) => {
        const before = held.get(vote.voterId);
        return before && JSON.stringify(before) === JSON.stringify(vote) ? before : vote;
      };
      const fresh = data.votes.map((vote) => [vote.voterId, same(vote)]);
      this.#votes = new Map(page === 1 ? [...fresh, ...[...held].filter(([key]) => !fresh.some(([k]) => k === key))] : [...held, ...fresh]);
      this.#table.show([...this.#votes.values()]);
      const next = Math.floor(this.#votes.size / PAGE) + 1;
      this.#table.more(this.#votes.size < pagination.total ? () => this.#load(next) : null);
    } catch (error) {
      if (this.#votes.size === 0) this.#table.fail(error.message, () => this.#load(1));
    }
  }
}

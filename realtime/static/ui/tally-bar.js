/** The bar of a vote: for and abstained, which count for the quorum, then against; and its mark. */

import { pictureOf } from "../governance/tally.js";
import { weight } from "../governance/words.js";
import { el, setAttribute } from "./dom.js";
import { svg } from "./svg.js";

const ORDER = ["for", "abstain", "against"];
const percent = (share) => `${(share * 100).toFixed(2)}%`;

export class TallyBar {
  element;
  #parts = ORDER.map((name) => svg("rect", { height: "100%", class: `tally__${name}` }));
  #mark = svg("rect", { class: "tally__quorum", width: 2, height: "100%", y: 0 });
  #picture;

  constructor() {
    this.#picture = svg("svg", { class: "tally", role: "img" }, ...this.#parts, this.#mark);
    this.element = el("div", { class: "tally__box" }, this.#picture);
  }

  /** Show the votes of a proposal's row. */
  show(row) {
    const { lengths, quorum, reached, isMet } = pictureOf(row);
    const [inFavour, against, abstain] = lengths;
    let start = 0;
    [inFavour, abstain, against].forEach((share, i) => {
      setAttribute(this.#parts[i], "x", percent(start));
      setAttribute(this.#parts[i], "width", percent(share));
      start += share;
    });
    // The last pixels of the bar still show the mark.
    setAttribute(this.#mark, "x", percent(Math.min(quorum, 0.992)));
    const votes = `${weight(row.votesFor)} for, ${weight(row.votesAgainst)} against, ${weight(row.votesAbstain)} abstained`;
    const told = isMet ? "quorum met" : `${Math.floor(reached * 100)} % of the quorum`;
    setAttribute(this.#picture, "aria-label", `${votes}; ${told}`);
  }
}

/** The bar of a vote: for, against, abstained, and the mark of the quorum. */

import { DIRECTIONS, pictureOf } from "../governance/tally.js";
import { weight } from "../governance/words.js";
import { el, setAttribute } from "./dom.js";
import { svg } from "./svg.js";

const percent = (share) => `${(share * 100).toFixed(2)}%`;

export class TallyBar {
  element;
  #parts = DIRECTIONS.map((direction) => svg("rect", { height: "100%", class: `tally__${direction.toLowerCase()}` }));
  #mark = svg("rect", { class: "tally__quorum", width: 2, height: "100%", y: 0 });
  #picture;

  constructor() {
    this.#picture = svg("svg", { class: "tally", role: "img" }, ...this.#parts, this.#mark);
    this.element = el("div", { class: "tally__box" }, this.#picture);
  }

  /** Show the votes of a proposal's row. */
  show(row) {
    const { lengths, quorum, reached, isMet } = pictureOf(row);
    let start = 0;
    this.#parts.forEach((part, i) => {
      setAttribute(part, "x", percent(start));
      setAttribute(part, "width", percent(lengths[i]));
      start += lengths[i];
    });
    // The last pixels of the bar still show the mark.
    setAttribute(this.#mark, "x", percent(Math.min(quorum, 0.992)));
    const votes = `${weight(row.votesFor)} for, ${weight(row.votesAgainst)} against, ${weight(row.votesAbstain)} abstained`;
    const told = isMet ? "quorum met" : `${Math.floor(reached * 100)} % of the quorum`;
    setAttribute(this.#picture, "aria-label", `${votes}; ${told}`);
  }
}

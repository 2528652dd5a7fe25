/** What the oracle's status says of frozen prices: asked for while there are some, since no channel tells it. */

import { get } from "../client/api.js";
import { isFrozen, releaseOf, whyFrozen } from "../oracle/frozen.js";
import { setText } from "../ui/dom.js";
import * as format from "../ui/format.js";

const EVERY_MS = 5_000;
const clock = (iso) => format.clockTime(new Date(iso));

export class FrozenWatch {
  #onKnown;
  #states = new Map(); // asset -> its row of the status
  #askedAt = -Infinity;

  /** `onKnown` is called when something new is known. */
  constructor(onKnown) {
    this.#onKnown = onKnown;
  }

  /** Look whether any of these prices is frozen, and if so ask why. */
  async see(rows) {
    const now = performance.now();
    if (!rows.some(isFrozen)) return this.#states.clear();
    if (now - this.#askedAt < EVERY_MS) return undefined;
    this.#askedAt = now;
    try {
      const { data } = await get("/v1/oracle/status");
      this.#states = new Map(data.assets.map((row) => [row.asset, row]));
      this.#onKnown();
    } catch {
      // that it is frozen is known; the reason comes with the next answer
    }
    return undefined;
  }

  /** Return the reason in words, "" if this price is not frozen. */
  why(row) {
    return isFrozen(row) ? whyFrozen(row, this.#states.get(row.asset), Date.now(), clock) : "";
  }

  /** Write a badge: shown while the price is frozen, with its time if that is known. */
  mark(badge, row) {
    badge.hidden = !isFrozen(row);
    if (badge.hidden) return;
    const at = row.circuitBreaker ? releaseOf(this.#states.get(row.asset), Date.now()) : null;
    setText(badge, at !== null && Date.parse(at) > Date.now() ? `Frozen, to ${clock(at)}` : "Frozen");
    badge.title = this.why(row);
  }
}

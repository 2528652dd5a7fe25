/**
 * Loads the histories of prices for lines, a few at a time; asks again later where the server is busy.
 */

import { get } from "../client/api.js";

const AT_ONCE = 3; // asked for at a time
const AGAIN_MS = 15_000; // the least wait before asking again

export class Histories {
  #onLoaded;
  #wanted = [];
  #asking = 0;

  /** @param {(symbol: string, history: {timestamp: string, price: string|null}[]) => void} onLoaded */
  constructor(onLoaded) {
    this.#onLoaded = onLoaded;
  }

  want(...symbols) {
    this.#wanted.push(...symbols);
    this.#ask();
  }

  #ask() {
    while (this.#asking < AT_ONCE && this.#wanted.length > 0) {
      this.#asking += 1;
      this.#load(this.#wanted.shift()).finally(() => {
        this.#asking -= 1;
        this.#ask();
      });
    }
  }

  async #load(symbol) {
    const address = `/v1/oracle/prices/${encodeURIComponent(symbol)}`;
    try {
      const { data } = await get(address, { history: true, period: "24h" });
      this.#onLoaded(symbol, data.history);
    } catch (error) {
      if (!error.isUnknown && error.status !== 429) return;
      const wait = Math.max((error.retryAfter ?? 0) * 1000, AGAIN_MS) * (1 + Math.random());
      setTimeout(() => this.want(symbol), wait);
    }
  }
}

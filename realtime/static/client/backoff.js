/**
 * How long to wait before the next try: exponential, full jitter, 0.5 s to 30 s.
 *
 * The count of failures falls back to zero only when the caller says that a connection has lasted:
 * a server that accepts and drops is not hammered.
 */

export const BASE_MS = 500;
export const CAP_MS = 30_000;

export class Backoff {
  #random;
  #failures = 0;

  /** @param {() => number} random uniform in [0, 1) */
  constructor(random = Math.random) {
    this.#random = random;
  }

  get failures() {
    return this.#failures;
  }

  /** Count a failure and return the wait in ms; never less than `floorMs`. */
  next(floorMs = 0) {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    return floorMs + Math.floor(this.#random() * ceiling);
  }

  /** Return a wait within the time over which the server asks its clients to come back. */
  within(ms) {
    return Math.floor(this.#random() * Math.min(Math.max(ms, 0), CAP_MS));
  }

  /** Forget the failures: the connection has lasted. */
  reset() {
    this.#failures = 0;
  }
}

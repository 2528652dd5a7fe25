/**
 * Reads that come true in the end: what fails for want of a network, or of room, is read again later.
 *
 * A page is told of the failure and goes on; what it shows meanwhile is its own affair.
 */

import { Refusal } from "./api.js";

export const AGAIN_MS = 5_000; // the least wait before the next try

/** Tell whether a failure may pass by itself. */
const isPassing = (error) => error instanceof Refusal && (error.isUnknown || error.status === 429);

/**
 * Return a function that reads now. A failure goes to `fail(error)`; if it may pass, `read` runs again
 * later, or sooner if the function is called meanwhile. Timer and dice are for tests.
 * @param {() => Promise<void>} read
 * @param {(error: Error) => void} fail
 */
export function persistent(read, fail, { setTimer = setTimeout, clearTimer = clearTimeout, random = Math.random } = {}) {
  let timer = null;
  return async function run() {
    clearTimer(timer);
    try {
      await read();
    } catch (error) {
      fail(error);
      if (!isPassing(error)) return;
      clearTimer(timer);
      const wait = Math.max((error.retryAfter ?? 0) * 1000, AGAIN_MS);
      timer = setTimer(run, wait * (1 + random()));
    }
  };
}

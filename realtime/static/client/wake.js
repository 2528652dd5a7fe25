/**
 * Tells that the page may have missed something: it slept, was frozen or hidden, or the network changed.
 *
 * A device that wakes says so to nobody, so a tick that comes late says it.
 */

import { SYSTEM_CLOCK } from "./clock.js";

const TICK_MS = 1_000;
const LATE_MS = 10_000; // a tick that was this long on its way has slept

/** Call `act` at each late tick; return the function that ends it. Clock and timer are for tests. */
export function onLateTick(act, { clock = SYSTEM_CLOCK, setTimer = setInterval, clearTimer = clearInterval } = {}) {
  let before = clock.now();
  const timer = setTimer(() => {
    const now = clock.now();
    if (now - before > LATE_MS) act();
    before = now;
  }, TICK_MS);
  return () => clearTimer(timer);
}

/** Call `act` whenever the page may have missed something. */
export function onWake(act) {
  for (const event of ["online", "offline"]) addEventListener(event, act);
  document.addEventListener("visibilitychange", () => document.hidden || act());
  onLateTick(act);
}

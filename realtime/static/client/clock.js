/** Time as a value, so that tests own it: a clock in ms that only rises, and timers with names. */

const LEAP_MS = 2_000; // more than a clock is put right by in passing

/**
 * Return a clock that counts the time this device has slept too, which `steady` leaves out on most.
 *
 * A wall clock that leaps ahead of the steady one tells of sleep; one that is set back changes nothing.
 */
export function wakefulClock(steady = () => performance.now(), wall = () => Date.now()) {
  let slept = 0;
  let ahead = wall() - steady();
  return () => {
    const now = steady();
    const leap = wall() - now - ahead;
    ahead += leap;
    if (leap > LEAP_MS) slept += leap;
    return now + slept;
  };
}

export const SYSTEM_CLOCK = Object.freeze({
  now: wakefulClock(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer),
});

/** At most one timer of each name: setting it anew replaces the old one. */
export class Timers {
  #clock;
  #running = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  set(name, ms, callback) {
    this.clear(name);
    const timer = this.#clock.setTimeout(() => {
      this.#running.delete(name);
      callback();
    }, ms);
    this.#running.set(name, timer);
  }

  clear(name) {
    if (this.#running.has(name)) this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  clearAll() {
    for (const name of [...this.#running.keys()]) this.clear(name);
  }
}

/** Time as a value, so that tests own it: a clock in ms that only rises, and timers with names. */

export const SYSTEM_CLOCK = Object.freeze({
  now: () => performance.now(),
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

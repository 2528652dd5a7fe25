/**
 * The server's time, for countdowns: a wrong clock on this device does no harm.
 *
 * What the server says of the time is late by its way here, and its Date header leaves out parts of
 * a second: so the latest of several sayings is the nearest.
 */

import { SYSTEM_CLOCK } from "./clock.js";

const KEPT = 12; // sayings
const ASK_MS = [0, 350, 700]; // apart, so that one of them comes early in its second
const AGAIN_MS = 5 * 60_000;

export class ServerClock {
  #steady;
  #wall;
  #offsets = []; // the server's time less the steady clock's

  /** `steady` only rises, `wall` is what holds until the server has spoken; both in ms. */
  constructor(steady = SYSTEM_CLOCK.now, wall = () => Date.now()) {
    this.#steady = steady;
    this.#wall = wall;
  }

  /** Take what the server says the time is: ms since the epoch. */
  take(ms) {
    if (!Number.isFinite(ms)) return;
    this.#offsets.push(ms - this.#steady());
    if (this.#offsets.length > KEPT) this.#offsets.shift();
  }

  /** Forget what was said: this device has slept. */
  forget() {
    this.#offsets = [];
  }

  /** Return the server's time, ms since the epoch. */
  now() {
    if (this.#offsets.length === 0) return this.#wall();
    return this.#steady() + Math.max(...this.#offsets);
  }
}

export const serverClock = new ServerClock();

async function ask() {
  try {
    const response = await fetch("/livez", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    serverClock.take(Date.parse(response.headers.get("Date") ?? ""));
  } catch {
    // away: the clock goes on from what is known
  }
}

/** Ask the server for the time now, and again while the page is open. */
export function followServerClock() {
  const askAll = () => ASK_MS.forEach((ms) => setTimeout(ask, ms));
  askAll();
  setInterval(ask, AGAIN_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    serverClock.forget();
    askAll();
  });
}

/**
 * The last 24 hours of one price as a line: a fixed number of steps, so that it never grows. Pure.
 *
 * Live prices move the last step; once its time is over a new one begins and the oldest goes.
 */

export const STEPS = 120;
export const SPAN_MS = 24 * 3_600_000;
const STEP_MS = SPAN_MS / STEPS;

export class Series {
  times = []; // starts of steps, ms since the epoch
  values = [];

  /**
   * Take a history, oldest first: rows of {timestamp: ISO text, price: decimal text or null}.
   *
   * It is moved to end at `endsAt` (ms since the epoch): a replayed feed has a clock of its own.
   */
  load(history, endsAt) {
    this.times = [];
    this.values = [];
    if (history.length === 0) return;
    const shift = endsAt - Date.parse(history.at(-1).timestamp);
    for (const { timestamp, price } of history) {
      if (price !== null) this.push(Date.parse(timestamp) + shift, Number(price));
    }
  }

  /** Take a price at a moment not before the last one. */
  push(at, value) {
    if (!Number.isFinite(at) || !Number.isFinite(value)) return;
    const start = Math.floor(at / STEP_MS) * STEP_MS;
    const last = this.times.length - 1;
    if (last >= 0 && start <= this.times[last]) {
      this.values[last] = value;
      return;
    }
    this.times.push(start);
    this.values.push(value);
    while (this.times.length > STEPS || this.times[0] < start - SPAN_MS) {
      this.times.shift();
      this.values.shift();
    }
  }

  get isEmpty() {
    return this.values.length < 2;
  }

  /** Return {first, last, low, high}, or null while there is no line. */
  summary() {
    if (this.isEmpty) return null;
    return {
      first: this.values[0],
      last: this.values.at(-1),
      low: Math.min(...this.values),
      high: Math.max(...this.values),
    };
  }
}

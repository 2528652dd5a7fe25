/**
 * One channel of the stream: its subscribers, its rows, and where to resume.
 *
 * 1. Rows change only after this connection has acknowledged the subscription.
 * 2. A snapshot replaces: what it does not hold is removed once it is whole.
 * 3. The seq to resume after is known only while nothing of a snapshot is outstanding, and comes from
 *    rows, never from an acknowledgement: what was announced but not received is asked for again.
 *
 * Knows frames and subscribers. Knows nothing of sockets.
 */

import { CHANNELS, accepts, union } from "./channels.js";

export const MAX_EVENTS = 500; // rows of an event channel kept for subscribers that come later

export class Channel {
  #now;
  #report;
  #subscribers = new Set();
  #rows = new Map(); // key -> {row, meta}
  #isAcknowledged = false;
  #snapshot = null; // {left, keys} while rows of a snapshot are outstanding
  #seq = null;
  #epoch = "";
  #covers = null; // the filter, as text, that `#seq` is true for

  /** "waiting" for a connection, "loading", "ready", or "refused" by the server. */
  phase = "waiting";
  message = "";
  lastAt = null; // when the last row came, on the clock of `now`
  asked = null; // the filter last sent on this connection, as text

  constructor(name, { now, report }) {
    this.name = name;
    this.#now = now;
    this.#report = report;
  }

  get isWanted() {
    return this.#subscribers.size > 0;
  }

  /** Add a subscriber; it is told what is known already. */
  add(params, handlers) {
    const subscriber = { params, handlers };
    this.#subscribers.add(subscriber);
    this.#tell(subscriber, "onState", { phase: this.phase, message: this.message });
    const known = [...this.#rows.values()].filter(({ row }) => accepts(this.name, params, row));
    for (const { row, meta } of known) this.#tell(subscriber, "onRow", row, meta);
    if (this.phase === "ready") this.#tell(subscriber, "onReset", known.map(({ row }) => row));
    return subscriber;
  }

  remove(subscriber) {
    this.#subscribers.delete(subscriber);
  }

  /** Return the filter that serves every subscriber. */
  filter() {
    return union(this.name, [...this.#subscribers].map(({ params }) => params));
  }

  /** Return the message that subscribes, resuming if that is possible. */
  request() {
    const filter = this.filter();
    this.asked = JSON.stringify(filter);
    const params = { ...filter, seq: true };
    if (CHANNELS[this.name].resumes && this.#seq !== null && this.#covers === this.asked) {
      params.after = this.#seq;
      params.epoch = this.#epoch;
    }
    this.#setPhase("loading");
    return { type: "subscribe", channel: this.name, params };
  }

  /** The server has acknowledged: a snapshot follows, or what was missed. */
  acknowledge(frame) {
    this.#isAcknowledged = true;
    this.#epoch = frame.epoch ?? "";
    if (frame.resumed === true) {
      this.#snapshot = null;
      this.#setPhase("ready");
      return;
    }
    this.#seq = null;
    this.#snapshot = { left: frame.snapshot ?? 0, keys: new Set(), seq: frame.seq ?? null };
    if (this.#snapshot.left === 0) this.#finishSnapshot();
  }

  /** Take a row. */
  receive(frame) {
    const row = frame.data;
    if (!this.#isAcknowledged || typeof row !== "object" || row === null) return;
    this.lastAt = this.#now();
    const meta = {
      seq: frame.seq ?? null,
      timestamp: frame.timestamp,
      receivedAt: this.lastAt,
      isSnapshot: row.snapshot === true,
    };
    const key = CHANNELS[this.name].key?.(row) ?? null;
    if (row.deleted === true) this.#drop(key);
    else this.#keep(key, row, meta);
    if (this.#snapshot) this.#count(key, meta);
    else if (meta.seq !== null) this.#seq = Math.max(this.#seq ?? 0, meta.seq);
  }

  /** The server would not serve the request. */
  refuse(message) {
    this.#setPhase("refused", message);
  }

  /** The connection is gone: rows stay, what was outstanding is forgotten. */
  disconnect() {
    this.#isAcknowledged = false;
    this.#snapshot = null;
    this.asked = null;
    this.#setPhase("waiting");
  }

  #keep(key, row, meta) {
    if (key !== null) {
      this.#rows.delete(key); // so that the oldest comes first
      this.#rows.set(key, { row, meta });
      if (CHANNELS[this.name].resumes && this.#rows.size > MAX_EVENTS) {
        this.#rows.delete(this.#rows.keys().next().value);
      }
    }
    this.#tellAll(row, "onRow", row, meta);
  }

  #drop(key) {
    const held = this.#rows.get(key);
    if (held === undefined) return;
    this.#rows.delete(key);
    this.#tellAll(held.row, "onRemove", key);
  }

  #count(key, meta) {
    this.#snapshot.keys.add(key);
    if (meta.isSnapshot) this.#snapshot.left -= 1;
    if (this.#snapshot.left <= 0) this.#finishSnapshot();
  }

  #finishSnapshot() {
    const { keys, seq } = this.#snapshot;
    this.#snapshot = null;
    this.#seq = seq;
    this.#covers = this.asked;
    for (const key of [...this.#rows.keys()]) if (!keys.has(key)) this.#drop(key);
    this.#setPhase("ready");
    const rows = [...this.#rows.values()].map((held) => held.row);
    for (const subscriber of [...this.#subscribers]) {
      const own = rows.filter((row) => accepts(this.name, subscriber.params, row));
      this.#tell(subscriber, "onReset", own);
    }
  }

  #setPhase(phase, message = "") {
    if (phase === this.phase && message === this.message) return;
    this.phase = phase;
    this.message = message;
    for (const subscriber of [...this.#subscribers]) {
      this.#tell(subscriber, "onState", { phase, message });
    }
  }

  #tellAll(row, event, ...values) {
    for (const subscriber of [...this.#subscribers]) {
      if (accepts(this.name, subscriber.params, row)) this.#tell(subscriber, event, ...values);
    }
  }

  /** Call a handler; what it throws is reported and harms nobody else. */
  #tell(subscriber, event, ...values) {
    try {
      subscriber.handlers[event]?.(...values);
    } catch (error) {
      this.#report(error);
    }
  }
}

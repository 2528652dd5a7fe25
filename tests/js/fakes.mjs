/** A clock, sockets and a server's side for tests of the stream: nothing happens by itself. */

import { Stream } from "../../realtime/static/client/stream.js";

export class FakeClock {
  time = 0;
  #timers = new Map();
  #next = 1;

  now = () => this.time;

  setTimeout = (callback, ms) => {
    this.#timers.set(this.#next, { at: this.time + ms, callback });
    return this.#next++;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  get pending() {
    return this.#timers.size;
  }

  /** Let time pass; what comes due runs in order, with the promises it started. */
  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
      if (due.length === 0) break;
      const [id, timer] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(id);
      this.time = Math.max(this.time, timer.at);
      timer.callback();
      await settled();
    }
    this.time = end;
  }
}

/** Return once every promise that can go on has done so. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

export class FakeSocket {
  readyState = 0;
  sent = [];
  isClosedByClient = false;

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosedByClient = true;
    this.readyState = 3;
  }

  // --- what the server does ---
  open() {
    this.readyState = 1;
    this.onopen();
  }

  say(frame) {
    this.onmessage({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }

  /** Return the messages of a type sent so far. */
  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

/** A stream in a world of its own. `random` draws the longest wait unless told otherwise. */
export class World {
  clock = new FakeClock();
  sockets = [];
  tokensGiven = 0;
  statuses = [];
  errors = [];
  isOnline = true;
  userId = "usr_1";
  tokenError = null;
  tokenGate = null; // a promise that the next tokens wait for
  lifetimeMs = 900_000;
  random = 0.999999;

  constructor() {
    const world = this;
    this.stream = new Stream({
      url: "ws://test/v1/ws",
      fetchToken: () => this.#token(),
      Socket: class extends FakeSocket {
        constructor(url) {
          super(url);
          world.sockets.push(this);
        }
      },
      clock: this.clock,
      random: () => this.random,
      isOnline: () => this.isOnline,
      report: (error) => this.errors.push(error),
    });
    this.stream.onStatus((status) => this.statuses.push(status));
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get state() {
    return this.stream.status.state;
  }

  async #token() {
    if (this.tokenError) throw this.tokenError;
    this.tokensGiven += 1;
    const number = this.tokensGiven;
    await this.tokenGate;
    return {
      token: `token-${number}`,
      userId: this.userId,
      lifetimeMs: this.lifetimeMs,
    };
  }

  /** Let the newest socket open and be accepted. */
  async accept() {
    await settled();
    this.socket.open();
    this.socket.say({ type: "auth", status: "ok", userId: this.userId });
    await settled();
  }

  async live() {
    this.stream.start();
    await this.accept();
  }

  /** Wait out the back-off and let the next socket be accepted. */
  async comeBack() {
    await this.clock.pass(31_000);
    await this.accept();
  }
}

export const acknowledged = (channel, extra = {}) => ({
  type: "subscribed",
  channel,
  params: {},
  timestamp: "2026-03-01T10:00:00.000Z",
  seq: 10,
  epoch: "e1",
  ...extra,
});

export const row = (channel, data, seq = 10) => ({
  type: "data",
  channel,
  timestamp: "2026-03-01T10:00:00.000Z",
  data,
  seq,
  epoch: "e1",
});

export const price = (asset, value, { snapshot = false, seq = 10, ...more } = {}) =>
  row("prices", { asset, price: value, ...more, ...(snapshot ? { snapshot } : {}) }, seq);

/** A subscriber that notes what it is told. */
export function notebook() {
  const told = { rows: [], resets: [], removed: [], states: [] };
  const handlers = {
    onRow: (data) => told.rows.push(data),
    onReset: (rows) => told.resets.push(rows),
    onRemove: (key) => told.removed.push(key),
    onState: ({ phase }) => told.states.push(phase),
  };
  return { ...told, handlers };
}

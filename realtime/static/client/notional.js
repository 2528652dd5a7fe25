/**
 * One connection to the ledger's streams that stays: it subscribes, keeps itself alive, comes back.
 *
 * 1. Only the newest attempt acts: what an older one still hears is ignored.
 * 2. There is no resuming here: after each connection every subscription starts again, `onReset` says
 *    so, the snapshot follows, and `onReady` comes once whatever the snapshot holds has been told.
 * 3. A handler that throws is reported; the stream goes on.
 *
 * The socket, the clock and the dice are parameters. Knows nothing of pages or accounts.
 */

import { Backoff } from "./backoff.js";
import { SYSTEM_CLOCK, Timers } from "./clock.js";

export const OPEN_MS = 15_000; // until the socket is open, and of silence until the first pong
export const PING_MS = 25_000; // the server ends a connection that is silent for 60 s
export const PONG_MS = 8_000;
export const STABLE_MS = 10_000; // a connection that lasts this long clears the back-off

const keyOf = ({ type, user, coin }) => [type, user?.toLowerCase(), coin?.toUpperCase()].join("|");

export class NotionalStream {
  #url;
  #Socket;
  #clock;
  #isOnline;
  #report;
  #backoff;
  #timers;
  #attempt = 0;
  #socket = null;
  #isOpen = false;
  #heard = 0; // frames
  #awaited = []; // what each pong that is still to come answers
  #subscriptions = new Map(); // key -> {subscription, handlers}
  #listeners = new Set();

  /** `state`: idle, connecting, live, reconnecting or offline. */
  status = Object.freeze({ state: "idle", retryAt: null });

  constructor({
    url,
    Socket = globalThis.WebSocket,
    clock = SYSTEM_CLOCK,
    random = Math.random,
    isOnline = () => true,
    report = (error) => console.error(error),
  }) {
    this.#url = url;
    this.#Socket = Socket;
    this.#clock = clock;
    this.#isOnline = isOnline;
    this.#report = report;
    this.#timers = new Timers(clock);
    this.#backoff = new Backoff(random);
  }

  /**
   * Follow a stream; return the function that ends it. `handlers` may have onReset(), onData(data) and
   * onReady().
   * @param {{type: string, user?: string, coin?: string}} subscription
   */
  subscribe(subscription, handlers) {
    const key = keyOf(subscription);
    if (this.#subscriptions.has(key)) throw new RangeError(`${key} is followed already`);
    const held = { subscription, handlers };
    this.#subscriptions.set(key, held);
    if (this.#isOpen) this.#begin([held]);
    return () => {
      if (this.#subscriptions.get(key) !== held) return;
      this.#subscriptions.delete(key);
      if (this.#isOpen) this.#send({ method: "unsubscribe", subscription });
    };
  }

  /** Call `listener(status)` now and at every change; return the function that ends it. */
  onStatus(listener) {
    this.#listeners.add(listener);
    this.#guard(() => listener(this.status));
    return () => this.#listeners.delete(listener);
  }

  start() {
    this.#drop();
    this.#connect();
  }

  stop() {
    this.#drop();
    this.#setStatus("idle");
  }

  /** The page woke up or the network changed: find out at once whether the connection lives. */
  check() {
    if (this.#isOpen) this.#ask(() => {});
    else if (["reconnecting", "offline"].includes(this.status.state)) this.start();
  }

  // --- one attempt -----------------------------------------------------------------------------------
  #connect() {
    const attempt = ++this.#attempt;
    const isReturn = ["reconnecting", "offline"].includes(this.status.state);
    this.#setStatus(isReturn ? this.#away() : "connecting");
    this.#timers.set("open", OPEN_MS, () => this.#lost());
    let socket;
    try {
      socket = new this.#Socket(this.#url);
    } catch (error) {
      this.#report(error);
      this.#lost();
      return;
    }
    this.#socket = socket;
    const current = () => attempt === this.#attempt;
    socket.onopen = () => current() && this.#opened();
    socket.onmessage = (event) => current() && this.#receive(event.data);
    socket.onclose = () => current() && this.#lost();
    socket.onerror = () => {}; // a close event follows
  }

  #opened() {
    this.#isOpen = true;
    this.#timers.clear("open"); // from here on silence counts
    this.#begin([...this.#subscriptions.values()], () => {
      this.#timers.set("stable", STABLE_MS, () => this.#backoff.reset());
      this.#setStatus("live");
    });
  }

  /** Subscribe; messages are answered in order, so a pong says that all snapshots have been told. */
  #begin(held, done = () => {}) {
    for (const { subscription, handlers } of held) {
      this.#guard(() => handlers.onReset?.());
      this.#send({ method: "subscribe", subscription });
    }
    this.#ask(() => {
      done();
      for (const one of held) {
        const isHeld = this.#subscriptions.get(keyOf(one.subscription)) === one;
        if (isHeld) this.#guard(() => one.handlers.onReady?.());
      }
    });
  }

  #receive(text) {
    this.#heard += 1;
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame?.channel === "pong") this.#ponged();
    else if (frame?.channel === "error") this.#report(new Error(frame.data?.message));
    else this.#deliver(frame);
  }

  #deliver({ channel, data } = {}) {
    for (const { subscription, handlers } of [...this.#subscriptions.values()]) {
      if (subscription.type !== channel || !data) continue;
      const isOurs =
        (!subscription.user || !data.user || data.user === subscription.user.toLowerCase()) &&
        (!subscription.coin || data.coin === subscription.coin.toUpperCase());
      if (isOurs) this.#guard(() => handlers.onData(data));
    }
  }

  // --- signs of life ---------------------------------------------------------------------------------
  #ask(answered) {
    this.#awaited.push(answered);
    this.#send({ method: "ping" });
    this.#awaitPong();
  }

  /** A slow link is no dead one: while anything comes, the pong may be behind it. */
  #awaitPong() {
    const heard = this.#heard;
    this.#timers.set("watch", this.status.state === "live" ? PONG_MS : OPEN_MS, () => {
      if (this.#heard > heard) this.#awaitPong();
      else this.#lost();
    });
  }

  #ponged() {
    this.#awaited.shift()?.();
    if (this.#awaited.length === 0) this.#timers.set("watch", PING_MS, () => this.#ask(() => {}));
  }

  // --- the end of an attempt ------------------------------------------------------------------------
  #lost() {
    this.#drop();
    const wait = this.#backoff.next(0);
    this.#timers.set("retry", wait, () => this.#connect());
    this.#setStatus(this.#away(), this.#clock.now() + wait);
  }

  /** Return what it is called to be without a connection, as the network is now. */
  #away() {
    return this.#isOnline() ? "reconnecting" : "offline";
  }

  #drop() {
    this.#attempt += 1;
    this.#isOpen = false;
    this.#awaited = [];
    this.#timers.clearAll();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #setStatus(state, retryAt = null) {
    this.status = Object.freeze({ state, retryAt });
    for (const listener of [...this.#listeners]) this.#guard(() => listener(this.status));
  }

  #guard(call) {
    try {
      call();
    } catch (error) {
      this.#report(error);
    }
  }
}

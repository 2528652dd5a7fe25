/**
 * One connection to /v1/ws that stays: it subscribes, notices when it is dead, comes back, resumes.
 *
 * 1. Only the newest attempt acts: what an older one still hears is ignored.
 * 2. Signed out and failed are final: no timer runs and no socket is open until `start()`.
 * 3. A handler that throws is reported; the stream goes on.
 *
 * The socket, the token, the clock and the dice are parameters. Knows nothing of pages.
 */

import { Backoff } from "./backoff.js";
import { CHANNELS } from "./channels.js";
import { Channel } from "./channel.js";
import { SYSTEM_CLOCK, Timers } from "./clock.js";
import { SignedOut, Tokens } from "./tokens.js";

export const OPEN_MS = 15_000; // from the start of a connection to the answer to `auth`
export const STABLE_MS = 10_000; // a connection that lasts this long clears the back-off
export const QUIET_MS = 20_000; // silence after which the server is asked for a sign of life
export const PONG_MS = 8_000; // how long that may take
export const LIMITED_MS = 10_000; // least wait after a rate limit
export const RENEW_AGAIN_MS = 5_000;

const CLOSE_INVALID_TOKEN = 4002;
const CLOSE_UNKNOWN_CHANNEL = 4003;
const CLOSE_RATE_LIMITED = 4004;
const CLOSE_RESTART = 1012;

export class Stream {
  #url;
  #Socket;
  #clock;
  #isOnline;
  #report;
  #tokens;
  #backoff;
  #channels = new Map();
  #listeners = new Set();
  #timers;
  #attempt = 0;
  #socket = null;
  #userId = null;
  #isLive = false;
  #heardAt = 0;
  #heard = 0; // frames
  #spreadMs = null; // over how long the server, about to restart, wants its clients back

  /** `state`: idle, connecting, live, reconnecting, offline, signed-out or failed. */
  status = Object.freeze({ state: "idle", reason: "", retryAt: null });

  constructor({
    url,
    fetchToken,
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
    this.#tokens = new Tokens(fetchToken, clock.now);
    this.#backoff = new Backoff(random);
  }

  /**
   * Follow a channel; return the function that ends it.
   * `handlers` may have onRow(row, meta), onReset(rows), onRemove(key), onState({phase, message}).
   * `params` are the channel's filters; subscribers of one channel share one subscription.
   */
  subscribe(name, params = {}, handlers = {}) {
    if (!(name in CHANNELS)) throw new RangeError(`There is no channel ${name}`);
    let channel = this.#channels.get(name);
    channel ??= new Channel(name, { now: this.#clock.now, report: this.#report });
    this.#channels.set(name, channel);
    const subscriber = channel.add(params, handlers);
    this.#settle(channel);
    return () => {
      channel.remove(subscriber);
      this.#settle(channel);
    };
  }

  /** Call `listener(status)` now and at every change; return the function that ends it. */
  onStatus(listener) {
    this.#listeners.add(listener);
    this.#tell(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Return how long ago the channel's last row came in ms, or null if none did. */
  age(name) {
    const lastAt = this.#channels.get(name)?.lastAt ?? null;
    return lastAt === null ? null : this.#clock.now() - lastAt;
  }

  /** Connect, now. */
  start() {
    this.#drop();
    this.#connect();
  }

  /** Disconnect and stay so. */
  stop() {
    this.#drop();
    this.#setStatus("idle");
  }

  /** The page woke up or the network changed: find out at once whether the connection lives. */
  check() {
    if (this.#isLive) this.#ask();
    else if (["reconnecting", "offline"].includes(this.status.state)) this.start();
  }

  // --- one attempt -----------------------------------------------------------------------------------
  async #connect() {
    const attempt = ++this.#attempt;
    const isReturn = ["reconnecting", "offline"].includes(this.status.state);
    this.#setStatus(isReturn ? this.#away() : "connecting");
    this.#timers.set("open", OPEN_MS, () => this.#lost(0));
    let token;
    try {
      token = await this.#tokens.current();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof SignedOut) this.#end("signed-out", "session-ended");
      else this.#retry(0);
      return;
    }
    if (attempt !== this.#attempt || !this.#isSameUser(token)) return;
    this.#open(attempt, token);
  }

  #open(attempt, token) {
    let socket;
    try {
      socket = new this.#Socket(this.#url);
    } catch (error) {
      this.#report(error);
      this.#lost(0);
      return;
    }
    this.#socket = socket;
    const current = () => attempt === this.#attempt;
    socket.onopen = () => current() && this.#send({ type: "auth", token: token.token });
    socket.onmessage = (event) => current() && this.#receive(event.data);
    socket.onclose = (event) => current() && this.#lost(event.code);
    socket.onerror = () => {}; // a close event follows
  }

  #receive(text) {
    this.#heardAt = this.#clock.now();
    this.#heard += 1;
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    const channel = this.#channels.get(frame?.channel);
    switch (frame?.type) {
      case "data":
        channel?.receive(frame);
        break;
      case "auth":
        this.#authenticated(frame);
        break;
      case "subscribed":
        channel?.acknowledge(frame);
        break;
      case "error":
        if (frame.code === "TOKEN_EXPIRING") this.#renew();
        else if (frame.code === CLOSE_RESTART) this.#spreadMs = frame.reconnectWithinMs ?? null;
        else if (typeof frame.code === "string") channel?.refuse(frame.message);
        break;
    }
  }

  #authenticated(frame) {
    if (frame.status !== "ok") return;
    this.#timers.clear("open");
    this.#planRenewal();
    if (this.#isLive) return; // a fresh token on a live socket
    this.#isLive = true;
    this.#userId = frame.userId;
    this.#timers.set("stable", STABLE_MS, () => this.#backoff.reset());
    this.#watch();
    for (const channel of this.#channels.values()) this.#settle(channel);
    this.#setStatus("live");
  }

  /** Bring the subscription of a channel in line with what is wanted. */
  #settle(channel) {
    if (this.#channels.get(channel.name) !== channel) return; // ended before
    if (!channel.isWanted) {
      this.#channels.delete(channel.name);
      if (this.#isLive && channel.asked !== null) {
        this.#send({ type: "unsubscribe", channel: channel.name });
      }
    } else if (this.#isLive && channel.asked !== JSON.stringify(channel.filter())) {
      this.#send(channel.request());
    }
  }

  // --- signs of life ---------------------------------------------------------------------------------
  #watch() {
    const quiet = this.#clock.now() - this.#heardAt;
    if (quiet >= QUIET_MS) this.#ask();
    else this.#timers.set("watch", QUIET_MS - quiet, () => this.#watch());
  }

  /** Ask for a sign of life; without one the connection counts as lost. */
  #ask() {
    const heard = this.#heard;
    this.#send({ type: "ping" });
    this.#timers.set("watch", PONG_MS, () => {
      if (this.#heard > heard) this.#watch();
      else this.#lost(0);
    });
  }

  // --- tokens ----------------------------------------------------------------------------------------
  #planRenewal() {
    const wait = Math.max(this.#tokens.renewAt - this.#clock.now(), RENEW_AGAIN_MS);
    this.#timers.set("renew", wait, () => this.#renew());
  }

  /** Put a fresh token on the live socket. */
  async #renew() {
    const attempt = this.#attempt;
    this.#timers.clear("renew");
    try {
      const token = await this.#tokens.renew();
      if (attempt !== this.#attempt || !this.#isSameUser(token)) return;
      this.#send({ type: "auth", token: token.token });
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof SignedOut) this.#end("signed-out", "session-ended");
      else this.#timers.set("renew", RENEW_AGAIN_MS, () => this.#renew());
    }
  }

  /** Somebody else signed in meanwhile: what the page shows is not theirs. */
  #isSameUser(token) {
    const isSame = this.#userId === null || this.#userId === token.userId;
    if (!isSame) this.#end("signed-out", "user-changed");
    return isSame;
  }

  // --- the end of an attempt ------------------------------------------------------------------------
  #lost(code) {
    if (code === CLOSE_INVALID_TOKEN) this.#tokens.forget();
    if (code === CLOSE_UNKNOWN_CHANNEL) this.#end("failed", "unknown-channel");
    else this.#retry(code === CLOSE_RATE_LIMITED ? LIMITED_MS : 0);
  }

  #retry(floorMs) {
    const spreadMs = this.#spreadMs;
    this.#drop();
    const isAsked = Number.isFinite(spreadMs);
    const wait = isAsked ? this.#backoff.within(spreadMs) : this.#backoff.next(floorMs);
    this.#timers.set("retry", wait, () => this.#connect());
    this.#setStatus(this.#away(), "", this.#clock.now() + wait);
  }

  /** Return what it is called to be without a connection, as the network is now. */
  #away() {
    return this.#isOnline() ? "reconnecting" : "offline";
  }

  #end(state, reason) {
    this.#drop();
    this.#tokens.forget();
    this.#setStatus(state, reason);
  }

  /** Let go of the socket and of every timer. */
  #drop() {
    this.#attempt += 1;
    this.#isLive = false;
    this.#spreadMs = null;
    this.#timers.clearAll();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const channel of this.#channels.values()) channel.disconnect();
  }

  #send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #setStatus(state, reason = "", retryAt = null) {
    this.status = Object.freeze({ state, reason, retryAt });
    for (const listener of [...this.#listeners]) this.#tell(listener);
  }

  #tell(listener) {
    try {
      listener(this.status);
    } catch (error) {
      this.#report(error);
    }
  }
}

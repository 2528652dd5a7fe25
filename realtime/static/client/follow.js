/**
 * Keeps Rows up to date: from the stream for a user, by asking again and again for a visitor.
 *
 * A visitor has no token, so no socket; the REST list is asked for with its ETag, which costs little.
 */

import { isSignedIn, stream } from "../client.js";
import { get } from "./api.js";
import { CHANNELS } from "./channels.js";
import { SYSTEM_CLOCK } from "./clock.js";
import { Rows } from "./rows.js";
import { onWake } from "./wake.js";

const ASK_EVERY_MS = 5_000;

const answeredAt = new Map(); // channel -> when a visitor's page was last told
const asks = []; // of a visitor's page
const listeners = [];
let reached = "idle";

/** Return how long ago a channel's last data came in ms, or null if none did. */
export function ageOf(channel) {
  if (isSignedIn) return stream.age(channel);
  const at = answeredAt.get(channel);
  return at === undefined ? null : SYSTEM_CLOCK.now() - at;
}

/** Call `listener(state)` when a visitor's page begins to be without answers, and when it has them again. */
export function onReach(listener) {
  listeners.push(listener);
  listener(reached);
}

/** Ask at once for all that a visitor's page shows. */
export function askNow() {
  for (const ask of asks) ask();
}

function reach(state) {
  if (state === reached) return;
  reached = state;
  for (const listener of listeners) listener(state);
}

/**
 * Follow a channel and return its Rows.
 *
 * `rest` is the list that a visitor's page reads instead; `key` names a row where the channel does
 * not; `onState({phase, message})` hears "loading", "ready" and "refused"; `onRow(row, meta)` hears of
 * each row at once, where Rows tell of the last one of a frame.
 * @param {string} channel
 * @param {{params?: object, rest?: string, key?: (row: object) => string,
 *          onRow?: (row: object, meta: object) => void, onState?: (state: {phase: string, message: string}) => void}} options
 */
export function follow(channel, { params = {}, rest = null, key, onRow = () => {}, onState = () => {} } = {}) {
  const rows = new Rows(key ?? CHANNELS[channel].key);
  if (isSignedIn) {
    stream.subscribe(channel, params, {
      onRow: (row, meta) => {
        rows.take(row, meta);
        onRow(row, meta);
      },
      onRemove: (name) => rows.remove(name),
      onReset: () => rows.settle(),
      onState,
    });
  } else if (rest !== null) {
    askAgain(channel, rows, rest, onRow, onState);
  }
  return rows;
}

/** Read a list now, and again while the page is looked at. */
function askAgain(channel, rows, rest, onRow, onState) {
  let isAsking = false;
  const ask = async () => {
    if (isAsking || document.hidden) return;
    isAsking = true;
    try {
      const { data, seq } = await get(rest);
      const receivedAt = SYSTEM_CLOCK.now();
      answeredAt.set(channel, receivedAt);
      const meta = { seq, receivedAt, timestamp: new Date().toISOString() };
      rows.replace(data, meta);
      for (const row of data) onRow(row, meta);
      onState({ phase: "ready", message: "" });
      reach("idle");
    } catch (error) {
      onState({ phase: rows.isReady ? "ready" : "refused", message: error.message });
      if (error.status === 0) reach(navigator.onLine ? "reconnecting" : "offline");
    } finally {
      isAsking = false;
    }
  };
  asks.push(ask);
  ask();
  setInterval(ask, ASK_EVERY_MS);
  onWake(ask);
}

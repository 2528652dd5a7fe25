/**
 * The page's one stream, joined to what a browser tells about network, sleep and the history.
 *
 * A page says `stream.subscribe("prices", {}, { onRow })` and shows what it is told.
 */

import { SYSTEM_CLOCK } from "./client/clock.js";
import { Stream } from "./client/stream.js";
import { fetchPageToken } from "./client/tokens.js";
import { onWake } from "./client/wake.js";

function address() {
  const url = new URL("/v1/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** A visitor's page has no token and no socket. */
export const isSignedIn = "user" in document.body.dataset;

export const stream = new Stream({
  url: address(),
  fetchToken: fetchPageToken,
  isOnline: () => navigator.onLine,
});

function connect() {
  if (isSignedIn) stream.start();
}

/**
 * Call `act(awayMs)` each time the stream is live again after it was away: what is read by REST is old by so much.
 */
export function onReturn(act) {
  let awayAt = null;
  stream.onStatus(({ state }) => {
    if (state === "live") {
      if (awayAt !== null) act(SYSTEM_CLOCK.now() - awayAt);
      awayAt = null;
    } else if (state !== "connecting") awayAt ??= SYSTEM_CLOCK.now();
  });
}

onWake(() => stream.check());
// A page in the history cache keeps no socket; coming back it connects again.
addEventListener("pagehide", () => stream.stop());
addEventListener("pageshow", (event) => event.persisted && connect());
connect();

/**
 * The page's one stream, joined to what a browser tells about network, sleep and the history.
 *
 * A page says `stream.subscribe("prices", {}, { onRow })` and shows what it is told.
 */

import { Stream } from "./client/stream.js";
import { fetchPageToken } from "./client/tokens.js";

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

for (const event of ["online", "offline"]) addEventListener(event, () => stream.check());
document.addEventListener("visibilitychange", () => document.hidden || stream.check());
// A page in the history cache keeps no socket; coming back it connects again.
addEventListener("pagehide", () => stream.stop());
addEventListener("pageshow", (event) => event.persisted && connect());
connect();

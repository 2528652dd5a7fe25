/**
 * The header's two facts, kept apart: the state of the connection, and the age of the data.
 *
 * A banner says what happens when the connection is away, and what the reader can do.
 */

import { isSignedIn, stream } from "../client.js";
import { SYSTEM_CLOCK } from "../client/clock.js";
import { ageOf, askNow, onReach } from "../client/follow.js";
import { setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const BANNER_MS = 1_500; // a shorter interruption shows in the header alone

const LABELS = {
  idle: isSignedIn ? "Not connected" : "Public view",
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  "signed-out": "Signed out",
  failed: "Stopped",
};

const indicator = document.querySelector("[data-connection]");
const label = document.querySelector("[data-connection-text]");
const freshness = document.querySelector("[data-freshness]");
const banner = document.querySelector("[data-banner]");
const bannerText = document.querySelector("[data-banner-text]");
const countdown = document.querySelector("[data-banner-countdown]");
const retry = document.querySelector("[data-banner-retry]");
const signIn = document.querySelector("[data-banner-sign-in]");
const reload = document.querySelector("[data-banner-reload]");

let channel = null; // whose age the header shows
let isLost = false;
let lostAt = 0;
let timer = null;

/** Show the age of this channel's data in the header. */
export function showAgeOf(name) {
  channel = name;
  tick();
}

function explain(state, reason) {
  switch (state) {
    case "offline":
      return "This device is offline. What you see is no longer live; it goes on by itself once the network is back.";
    case "reconnecting":
      return "The connection to the server is lost. What you see is no longer live; it is being restored.";
    case "signed-out":
      return reason === "user-changed"
        ? "Another account has signed in in this browser. Reload the page to go on with it."
        : "Your session has ended. Sign in again to go on.";
    default:
      return "This page does not fit the server any more. Reload it to go on.";
  }
}

function showBanner({ state, reason }) {
  setAttribute(banner, "data-state", state);
  setText(bannerText, explain(state, reason));
  retry.hidden = !["offline", "reconnecting"].includes(state);
  signIn.hidden = state !== "signed-out" || reason === "user-changed";
  reload.hidden = state !== "failed" && reason !== "user-changed";
  signIn.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  banner.hidden = false;
}

function follow(status) {
  const { state } = status;
  setAttribute(indicator, "data-state", state);
  setAttribute(document.documentElement, "data-stream", state);
  setText(label, LABELS[state]);
  clearTimeout(timer);
  if (["live", "idle", "connecting"].includes(state)) {
    isLost = false;
    banner.hidden = true;
  } else {
    if (!isLost) lostAt = SYSTEM_CLOCK.now();
    isLost = true;
    const isFinal = state === "signed-out" || state === "failed";
    const wait = isFinal ? 0 : Math.max(0, BANNER_MS - (SYSTEM_CLOCK.now() - lostAt));
    timer = setTimeout(() => showBanner(status), wait);
  }
  tick();
}

function tick() {
  const { state, retryAt } = stream.status;
  const left = retryAt === null ? 0 : Math.ceil((retryAt - SYSTEM_CLOCK.now()) / 1000);
  const isWaiting = ["reconnecting", "offline"].includes(state);
  setText(countdown, !isWaiting ? "" : left > 0 ? `Next try in ${left} s.` : "Trying now.");
  const ms = channel === null ? null : ageOf(channel);
  setText(freshness, ms === null ? format.NOTHING : format.age(ms));
  setAttribute(freshness, "data-none", String(ms === null));
  setAttribute(freshness, "data-old", String(ms !== null && ms > 10_000));
}

retry.addEventListener("click", () => (isSignedIn ? stream.start() : askNow()));
reload.addEventListener("click", () => location.reload());
if (isSignedIn) stream.onStatus(follow);
else onReach((state) => follow({ state, reason: "" }));
setInterval(tick, 1_000);

/**
 * Countdowns by the server's clock, all from one timer. An element that leaves the page is forgotten.
 *
 * At its end an element gets the event "ended", once.
 */

import { followServerClock, serverClock } from "../client/server-clock.js";
import { el, setText } from "./dom.js";
import { local } from "./time.js";

/** Say how long something lasts in its two largest units: "2 d 4 h", "4 min 05 s", "42 s". */
export function duration(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [minutes, hours, days] = [60, 3_600, 86_400].map((size) => Math.floor(seconds / size));
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${seconds} s`;
}

/** Return the time left until a moment as an element; `over` is what it says afterwards. */
export function timeLeft(iso, over = "now") {
  const utc = `${iso.slice(0, 19).replace("T", " ")} UTC`;
  const element = el("time", {
    datetime: iso,
    title: `${local(iso)} (${utc})`,
    "data-ends": true,
    "data-over": over,
  });
  tell(element);
  return element;
}

function tell(element) {
  const ms = Date.parse(element.dateTime) - serverClock.now();
  setText(element, ms > 0 ? duration(ms) : element.dataset.over);
  if (ms > 0 || element.dataset.ends === "over") return;
  element.dataset.ends = "over";
  element.dispatchEvent(new Event("ended"));
}

followServerClock();
setInterval(() => {
  for (const element of document.querySelectorAll("time[data-ends]")) tell(element);
}, 1_000);

/**
 * Times as elements: local, with UTC when pointed at; ages that tick, all from one timer.
 *
 * An element that leaves the page is forgotten with it.
 */

import { el, setText } from "./dom.js";
import * as format from "./format.js";

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Say a moment in full: local date and time. */
export const local = (iso) => dateTime.format(new Date(iso));

const utc = (iso) => `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** Return a moment as an element: local time, UTC as its title. */
export function moment(iso) {
  return el("time", { datetime: iso, title: utc(iso) }, local(iso));
}

/** Return an age as an element ("3 min ago") that goes on by itself. */
export function age(iso) {
  const element = el("time", { datetime: iso, title: `${local(iso)} (${utc(iso)})`, "data-age": true });
  tell(element);
  return element;
}

/** Return a countdown to a moment as an element ("in 3 min"); "now" once it has come. */
export function countdown(iso) {
  const element = el("time", { datetime: iso, title: `${local(iso)} (${utc(iso)})`, "data-age": "left" });
  tell(element);
  return element;
}

function tell(element) {
  const ms = Date.now() - Date.parse(element.dateTime);
  if (element.dataset.age !== "left") return setText(element, format.age(ms));
  const left = Math.ceil(-ms / 1000);
  return setText(element, left > 0 ? `in ${format.span(left)}` : "now");
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-age]")) tell(element);
}, 1_000);

/**
 * A bounded list of frames, newest first: drawn once a frame of the screen, whatever comes.
 *
 * 1. Never more than MOST are kept; while paused, what comes is kept and shown later.
 * 2. A token is never shown and never copied: it is masked when the frame is taken.
 */

import { el, perFrame, setText } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

export const MOST = 500;
const SHORT = 200; // characters of a line

/** Hide a token in a frame's text. */
export const masked = (text) => text.replace(/("token"\s*:\s*")[^"]*(")/g, "$1…$2");

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

export class Frames {
  #list;
  #empty;
  #count;
  #kept = []; // oldest first: {id, way, text, at, name, node}
  #fresh = []; // not yet drawn
  #needle = "";
  #isPaused = false;
  #total = 0;
  #draw = perFrame(() => this.#show());

  constructor({ list, empty, count }) {
    this.#list = list;
    this.#empty = empty;
    this.#count = count;
  }

  /** Take a frame: `way` is "in", "out" or "note". */
  take(way, text, name = "") {
    this.#total += 1;
    this.#fresh.push({ way, text: masked(text), at: new Date(), name, node: null });
    if (this.#fresh.length > MOST) this.#fresh.splice(0, this.#fresh.length - MOST);
    this.#draw();
  }

  set needle(text) {
    this.#needle = text.trim().toLowerCase();
    for (const frame of this.#kept) frame.node.hidden = !this.#isWanted(frame);
    this.#tell();
  }

  set isPaused(wanted) {
    this.#isPaused = wanted;
    this.#draw();
  }

  clear() {
    this.#kept = [];
    this.#fresh = [];
    this.#total = 0;
    this.#list.replaceChildren();
    this.#tell();
  }

  #isWanted(frame) {
    return !this.#needle || `${frame.name} ${frame.text}`.toLowerCase().includes(this.#needle);
  }

  #show() {
    if (!this.#isPaused && this.#fresh.length > 0) {
      const fresh = this.#fresh;
      this.#fresh = [];
      for (const frame of fresh) frame.node = line(frame);
      for (const frame of fresh) frame.node.hidden = !this.#isWanted(frame);
      this.#list.prepend(...fresh.map(({ node }) => node).reverse());
      this.#kept.push(...fresh);
      const gone = this.#kept.splice(0, Math.max(0, this.#kept.length - MOST));
      for (const { node } of gone) node.remove();
    }
    this.#tell();
  }

  #tell() {
    this.#empty.hidden = this.#kept.length > 0 || this.#fresh.length > 0;
    const shown = this.#kept.filter(({ node }) => !node.hidden).length;
    const held = this.#isPaused ? `, paused: ${this.#fresh.length} wait` : "";
    const kept = this.#total > MOST ? `, the last ${MOST} are kept` : "";
    setText(this.#count, this.#total === 0 ? "" : `${this.#total} frames${kept}, ${shown} shown${held}`);
  }
}

const WAYS = { in: "Received", out: "Sent", note: "Connection" };
const ARROWS = { in: "↓", out: "↑", note: "•" };

function line(frame) {
  const { way, text, at, name } = frame;
  const short = text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
  const head = [
    el("span", { class: "console__way", "aria-hidden": "true" }, ARROWS[way]),
    el("span", { class: "visually-hidden" }, WAYS[way]),
    el("time", { datetime: at.toISOString(), title: `${at.toISOString().slice(11, 23)} UTC` }, clock.format(at)),
    el("span", { class: "badge" }, name),
  ];
  if (way === "note") return el("li", { "data-way": way }, ...head, el("span", {}, text));
  const details = el("details", {}, el("summary", {}, ...head, el("code", {}, short)));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const copy = el("button", { class: "button button--small", type: "button" }, "Copy frame");
    copy.addEventListener("click", () => copyText(text));
    const body = el("pre", { tabindex: "0" }, el("code", {}, pretty(text)));
    details.append(el("div", { class: "console__open" }, body, copy));
  });
  return el("li", { "data-way": way }, details);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("The frame is copied.");
  } catch {
    toast("The browser does not let this page copy. Select the text instead.", { kind: "assertive" });
  }
}

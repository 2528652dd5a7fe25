/** How fresh each of the six channels is: whether it is subscribed, and when it last said something. */

import { stream } from "../client.js";
import { CHANNELS } from "../client/channels.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";

const STATES = { waiting: "Waiting", loading: "Loading", ready: "Live", refused: "Refused" };
const TONES = { ready: "badge badge--good", refused: "badge badge--bad" };

/** Fill a table's body with a line for each channel, and keep it true. */
export function showFreshness(body) {
  const ages = new Map();
  for (const name of Object.keys(CHANNELS)) {
    const state = el("span", { class: "badge" }, STATES.waiting);
    const age = el("td");
    ages.set(name, age);
    body.append(el("tr", { "data-channel": name }, el("th", { scope: "row" }, name), el("td", {}, state), age));
    stream.subscribe(name, {}, {
      onState: ({ phase, message }) => {
        setText(state, STATES[phase]);
        setAttribute(state, "class", TONES[phase] ?? "badge");
        setAttribute(state, "title", message);
      },
    });
  }
  const tick = () => {
    for (const [name, cell] of ages) {
      const ms = stream.age(name);
      setText(cell, ms === null ? "Nothing yet" : format.age(ms));
    }
  };
  tick();
  setInterval(tick, 1_000);
}

/** The caller's vote on a proposal: its weight, what was said, and the three buttons. */

import { Intent, get } from "../client/api.js";
import { DIRECTION_WORDS, weight } from "../governance/words.js";
import { isZero } from "../ui/decimal.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

const REASON = 500;

export class VotePanel {
  #place;
  #base;
  #intent;
  #hooks;
  #mine = null; // {vote, weight}
  #status = null;
  #isBusy = false;
  #buttons = {};
  #told = el("p");
  #error = el("p", { class: "alert", role: "alert", hidden: true });
  #reason = el("textarea", { id: "vote-reason", rows: 2, maxlength: REASON });
  #form;

  /** `onVote(direction, weight, before)` shows it at once and returns {settle, undo}. */
  constructor(place, base, hooks) {
    this.#place = place;
    this.#base = base;
    this.#hooks = hooks;
    this.#intent = new Intent(`${base}/vote`);
    const choices = Object.entries(DIRECTION_WORDS).map(([direction, word]) => {
      const button = el("button", { class: `button vote-button vote-button--${direction.toLowerCase()}`, type: "button", "aria-pressed": "false" }, word);
      button.addEventListener("click", () => this.#cast(direction));
      this.#buttons[direction] = button;
      return button;
    });
    this.#form = el(
      "div",
      { class: "vote-form" },
      el("div", { class: "field" }, el("label", { for: "vote-reason" }, "Reason, for all to read (optional)"), this.#reason),
      el("div", { class: "vote-form__buttons", role: "group", "aria-label": "Vote" }, ...choices),
    );
    this.#load();
  }

  /** Take the proposal as it is now. */
  show({ status }) {
    this.#status = status;
    this.#draw();
  }

  async #load() {
    try {
      this.#mine = (await get(`${this.#base}/my-vote`)).data;
      this.#draw();
    } catch (error) {
      const again = el("button", { class: "button", type: "button" }, "Try again");
      again.addEventListener("click", () => this.#load());
      this.#place.replaceChildren(el("p", { role: "alert" }, error.message), again);
    }
  }

  #draw() {
    if (this.#mine === null || this.#status === null) return;
    const { vote, weight: own } = this.#mine;
    const isOpen = this.#status === "ACTIVE";
    const canVote = isOpen && !isZero(own);
    if (vote) setText(this.#told, `You voted ${DIRECTION_WORDS[vote.direction].toLowerCase()} with ${weight(vote.weight)} DUAL.`);
    else if (!isOpen) setText(this.#told, this.#status === "DRAFT" ? "The vote has not begun." : "The vote is over; you did not vote.");
    else if (isZero(own)) setText(this.#told, "You had no voting power when this was proposed, or a day before. It counts on later proposals.");
    else setText(this.#told, `Your vote weighs ${weight(own)} DUAL. You can change it while the vote lasts.`);
    this.#form.hidden = !canVote;
    for (const [direction, button] of Object.entries(this.#buttons)) {
      setAttribute(button, "aria-pressed", String(vote?.direction === direction));
      button.disabled = this.#isBusy || vote?.direction === direction;
    }
    if (this.#told.parentNode !== this.#place) this.#place.replaceChildren(this.#told, this.#form, this.#error);
  }

  async #cast(direction) {
    const { vote, weight: own } = this.#mine;
    const reason = this.#reason.value.trim();
    const hope = this.#hooks.onVote(direction, vote?.weight ?? own, vote?.direction ?? null);
    this.#isBusy = true;
    this.#error.hidden = true;
    this.#draw();
    try {
      const { data } = await this.#intent.send({ direction, ...(reason ? { reason } : {}) });
      const { proposal, ...cast } = data;
      this.#mine = { vote: cast, weight: cast.weight };
      hope.undo(); // the row with all its keys comes with the stream, or with the next look
      toast(`Your vote ${DIRECTION_WORDS[direction].toLowerCase()} is counted.`);
      this.#reason.value = "";
      this.#hooks.onVoted();
    } catch (error) {
      hope.undo();
      setText(this.#error, error.message);
      this.#error.hidden = false;
    } finally {
      this.#isBusy = false;
      this.#draw();
    }
  }
}

/** The order ticket: what a person asks for, checked as it is typed, sent once. */

import { act } from "../client/ledger.js";
import * as decimal from "../ui/decimal.js";
import { setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { cost, orderAction, outcome, problems, twapAction, twapOutcome } from "./orders.js";

export class Ticket {
  #form;
  #state; // () => {market, mark, leverage, available}
  #kind = "market";
  #isTouched = new Set();
  #isBusy = false;

  /** What the last order was refused with, or "". */
  refusal = "";

  /** @param {HTMLFormElement} form @param {() => object} state what the page knows now */
  constructor(form, state) {
    this.#form = form;
    this.#state = state;
    for (const button of form.querySelectorAll("[data-kind]")) {
      button.addEventListener("click", () => this.#choose(button.dataset.kind));
    }
    form.addEventListener("input", (event) => {
      this.#isTouched.add(event.target.name);
      this.refresh();
    });
    for (const button of form.querySelectorAll("[data-side]")) {
      button.addEventListener("click", () => this.#send(button.dataset.side === "B"));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#choose("market");
  }

  /** Take a price from the book. */
  set price(text) {
    if (["market", "twap"].includes(this.#kind)) this.#choose("limit");
    this.#field(this.#kind === "trigger" ? "trigger" : "price").value = text;
    this.refresh();
  }

  /** Forget what belonged to another market. */
  clear() {
    for (const name of ["size", "price", "trigger"]) this.#field(name).value = "";
    this.#isTouched.clear();
    this.#say("");
    this.refresh();
  }

  #field(name) {
    return this.#form.elements[name];
  }

  #choose(kind) {
    this.#kind = kind;
    for (const button of this.#form.querySelectorAll("[data-kind]")) {
      setAttribute(button, "aria-pressed", String(button.dataset.kind === kind));
    }
    this.refresh();
  }

  /** The ticket as it stands, for a side. */
  #ticket(isBuy) {
    return {
      kind: this.#kind,
      isBuy,
      size: this.#field("size").value.trim(),
      price: this.#field("price").value.trim(),
      tif: this.#field("tif").value,
      isReduceOnly: this.#field("reduce").checked,
      trigger: this.#field("trigger").value.trim(),
      tpsl: this.#field("tpsl").value,
      isMarketTrigger: this.#field("execution").value === "market",
      minutes: this.#field("minutes").value.trim(),
      isRandom: this.#field("random").checked,
    };
  }

  /** Look again, after the mark or the market has changed. */
  refresh() {
    const { market, mark, leverage, available } = this.#state();
    const ticket = this.#ticket(true);
    const isTrigger = this.#kind === "trigger";
    const needsPrice = this.#kind === "limit" || (isTrigger && !ticket.isMarketTrigger);
    this.#part("price").hidden = !needsPrice;
    this.#part("tif").hidden = this.#kind !== "limit";
    for (const name of ["trigger", "tpsl", "execution"]) this.#part(name).hidden = !isTrigger;
    for (const name of ["minutes", "random"]) this.#part(name).hidden = this.#kind !== "twap";
    const wrong = problems(ticket, market, mark);
    for (const name of ["size", "price", "trigger", "minutes"]) {
      const text = this.#isTouched.has(name) ? wrong[name] : "";
      setText(this.#form.querySelector(`[data-error="${name}"]`), text);
      setAttribute(this.#field(name), "aria-invalid", String(text !== ""));
    }
    const found = cost(ticket.size, needsPrice && ticket.price ? ticket.price : mark, leverage);
    setText(this.#out("value"), found ? format.usdCents(found.value) : format.NOTHING);
    setText(this.#out("margin"), found ? format.usdCents(found.margin) : format.NOTHING);
    setText(this.#out("available"), format.usdCents(available));
    const isSound = Object.values(wrong).every((text) => text === "");
    for (const button of this.#form.querySelectorAll("[data-side]")) {
      button.disabled = this.#isBusy || !isSound || mark === null;
      const word = button.dataset.side === "B" ? "Buy" : "Sell";
      setText(button, this.#isBusy ? "Working…" : `${word} ${market.coin}`);
    }
  }

  #part(name) {
    return this.#form.querySelector(`[data-part="${name}"]`);
  }

  #out(name) {
    return this.#form.querySelector(`[data-out="${name}"]`);
  }

  #say(text) {
    this.refusal = text;
    const alert = this.#form.querySelector("[data-alert]");
    setText(alert, text);
    alert.hidden = text === "";
  }

  async #send(isBuy) {
    if (this.#isBusy) return;
    const { market } = this.#state();
    this.#isBusy = true;
    this.#say("");
    this.refresh();
    try {
      const wanted = this.#ticket(isBuy);
      const result =
        wanted.kind === "twap"
          ? twapOutcome(await act(twapAction(wanted, market)))
          : outcome(await act(orderAction(wanted, market)), market.coin);
      if (result.isBad) this.#say(result.text);
      else {
        toast(result.text);
        this.#field("size").value = "";
        this.#isTouched.delete("size");
      }
    } catch (error) {
      this.#say(error.message);
    } finally {
      this.#isBusy = false;
      this.refresh();
    }
  }
}

/** Return what an account can use now as a text, from a JSON number. */
export const money = (number) => (number === null || number === undefined ? null : decimal.round(number.toFixed(6), 2, "down"));

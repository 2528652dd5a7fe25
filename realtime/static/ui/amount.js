/**
 * A field for an amount of an asset: exact, with what there is, "Max", and what is wrong in words.
 *
 * Knows amounts as texts. Knows nothing of what they are for: that is `check`.
 */

import * as decimal from "./decimal.js";
import { el, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

let count = 0;

export class AmountField {
  element;
  input;
  #spec;
  #error;
  #available;
  #isMax = false;
  #most = null;
  #isTouched = false;
  #decimals;
  #asset;
  #symbol;

  /**
   * @param {object} spec
   * @param {string} spec.label
   * @param {string} spec.asset
   * @param {number} [spec.decimals]  of the asset, if known already
   * @param {string} [spec.available]  what the amount at hand is called: "In your wallet"
   * @param {(amount: string) => string} [spec.check]  what is wrong with an amount, or ""
   * @param {() => void} [spec.onChange]
   */
  constructor(spec) {
    this.#spec = spec;
    this.#decimals = spec.decimals ?? 18;
    this.#asset = spec.asset;
    count += 1;
    const [id, said] = [`amount-${count}`, `amount-${count}-said`];
    this.input = el("input", {
      id,
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      placeholder: "0.00",
      "aria-describedby": said,
    });
    const most = el("button", { class: "button amount__max", type: "button" }, "Max");
    most.append(el("span", { class: "visually-hidden" }, ` of ${spec.label}`));
    this.#available = el("span", { class: "amount__available" });
    this.#symbol = el("span", { class: "amount__asset" }, this.#asset);
    this.#error = el("span", { class: "field__error" });
    this.element = el(
      "div",
      { class: "field amount" },
      el("div", { class: "amount__top" }, el("label", { for: id }, spec.label), this.#available),
      el("div", { class: "amount__row" }, this.input, this.#symbol, most),
      el("div", { id: said, "aria-live": "polite" }, this.#error),
    );
    this.input.addEventListener("input", () => {
      this.#isMax = false;
      this.#changed();
    });
    most.addEventListener("click", () => {
      this.#isMax = true;
      this.#isTouched = true;
      this.input.value = this.#most ?? "";
      this.input.focus();
      this.#changed();
    });
  }

  /** Say how much there is, and what "Max" would be if that is less; a text, or null if unknown. */
  setMost(most, available = most) {
    this.#most = most;
    const { available: name = "Available" } = this.#spec;
    const amount = available === null ? "" : `${format.amount(available, this.#decimals)} ${this.#asset}`;
    const told = amount && `${name}: ${amount}`;
    setText(this.#available, told);
    if (this.#isMax && most !== null) this.input.value = most;
    this.refresh();
  }

  /** Set which asset it is an amount of. */
  set asset(symbol) {
    this.#asset = symbol;
    setText(this.#symbol, symbol);
  }

  /** Set how many decimals the asset has, where that is only known later. */
  set decimals(count) {
    this.#decimals = count;
    this.refresh();
  }

  /** The amount as a text, or null while it is none. */
  get amount() {
    const text = this.input.value.trim();
    return decimal.isDecimal(text) ? text : null;
  }

  /** What to send: "max" where the reader asked for all. */
  get value() {
    return this.#isMax ? "max" : this.amount;
  }

  get isMax() {
    return this.#isMax;
  }

  /** What is wrong, or "". */
  get problem() {
    const text = this.amount;
    if (this.input.value.trim() === "") return "Enter an amount.";
    // A comma is a decimal point to some and nothing to others: nobody's amount is guessed.
    if (text === null) return "Write a number such as 1234.5, without commas.";
    if (decimal.compare(text, "0") <= 0) return "The amount must be above 0.";
    if (decimal.decimals(text) > this.#decimals) {
      return `${this.#asset} has at most ${this.#decimals} decimals.`;
    }
    return this.#spec.check?.(text) ?? "";
  }

  /** Look again, after what the check depends on has changed. */
  refresh() {
    const problem = this.#isTouched ? this.problem : "";
    setText(this.#error, problem);
    setAttribute(this.input, "aria-invalid", String(problem !== ""));
  }

  #changed() {
    this.#isTouched = true;
    this.refresh();
    this.#spec.onChange?.();
  }
}

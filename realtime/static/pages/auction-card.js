/** One running auction on the board: clock, curve, what is left, and the button to bid. */

import { SYSTEM_CLOCK } from "../client/clock.js";
import { bonusAt } from "../lending/bonus.js";
import { secondsOn } from "../lending/auctions.js";
import { BonusCurve } from "../ui/bonus-curve.js";
import { el, flash, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";

const TIERS = {
  SoftLiquidation: "Soft, 25 %",
  ForcedLiquidation: "Forced, 50 %",
  FullLiquidation: "Full",
  Resale: "Resale",
};
const TONES = { FullLiquidation: "badge badge--bad", ForcedLiquidation: "badge badge--warn" };

/** Write seconds as a clock: 4:07. */
export const clock = (seconds) => {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const list = (gives) => gives.map(({ symbol, amount }) => `${format.amount(amount)} ${symbol}`).join(", ");

export class AuctionCard {
  element;
  auction = null;
  #clock = el("span", { class: "auction__clock" });
  #bonus = el("strong", { class: "auction__bonus" });
  #tier = el("span", { class: "badge" });
  #state = el("span", { class: "badge badge--warn", hidden: true, title: "The clock stands while a price is not live" }, "Clock stands");
  #title = el("h3", { class: "auction__title" });
  #curve;
  #facts = Object.fromEntries(["gives", "least", "most", "health"].map((name) => [name, el("dd")]));
  #button;

  /** @param {(auction: object) => void} onBid  null for a visitor, who is asked to sign in */
  constructor(auction, onBid) {
    const isResale = auction.kind === "resale";
    const word = isResale ? "Discount" : "Bonus";
    this.#curve = new BonusCurve(word);
    this.#button = onBid
      ? el("button", { class: "button button--main", type: "button" }, "Bid")
      : el("a", { class: "button", href: `/login?next=${encodeURIComponent("/liquidations")}` }, "Sign in to bid");
    if (onBid) this.#button.addEventListener("click", () => onBid(this.auction));
    const row = (title, dd) => el("div", {}, el("dt", {}, title), dd);
    this.element = el(
      "article",
      { class: "panel auction", "data-auction": auction.id },
      el("div", { class: "auction__head" }, this.#title, el("span", { class: "auction__badges" }, this.#tier, this.#state)),
      el(
        "div",
        { class: "auction__now" },
        el("div", {}, el("span", { class: "auction__label" }, `${word} now`), this.#bonus),
        el("div", { class: "auction__left" }, el("span", { class: "auction__label" }, isResale ? "Still growing" : "Time left"), this.#clock),
      ),
      this.#curve.element,
      el(
        "dl",
        { class: "auction__facts" },
        row(isResale ? "On sale" : "Collateral", this.#facts.gives),
        row("Bids from", this.#facts.least),
        row("All that is left", this.#facts.most),
        ...(isResale ? [] : [row("Health factor", this.#facts.health)]),
      ),
      this.#button,
    );
    this.take(auction);
  }

  /** Take the auction as it is now. */
  take(auction) {
    const before = this.auction;
    this.auction = auction;
    const { pays, gives, least, most, health, tier, isLive } = auction;
    setText(this.#title, `${gives.map(({ symbol }) => symbol).join(" + ")} for ${pays}`);
    setText(this.#tier, TIERS[tier] ?? tier);
    setAttribute(this.#tier, "class", TONES[tier] ?? "badge");
    this.#state.hidden = isLive;
    setText(this.#facts.gives, list(gives));
    setText(this.#facts.least, `${format.amount(least)} ${pays}`);
    setText(this.#facts.most, `${format.amount(most)} ${pays}`);
    setText(this.#facts.health, format.healthFactor(health));
    if (before && before.most !== most) flash(this.#facts.most, "--warn");
    const what = `${gives[0].symbol} for ${pays}, ${auction.id}`;
    setAttribute(this.#button, "aria-label", `${this.#button.textContent}: ${what}`);
    this.#curve.show(auction.curve);
    this.tick();
  }

  /** Show the auction as it stands on its clock. */
  tick() {
    const seconds = secondsOn(this.auction, SYSTEM_CLOCK.now());
    const { curve } = this.auction;
    setText(this.#bonus, format.rate(bonusAt(curve, seconds)));
    const left = curve.clockSeconds - seconds;
    setText(this.#clock, left > 0 ? clock(left) : "over");
    setAttribute(this.#clock, "data-late", String(left < 30));
    this.#curve.move(seconds);
  }
}

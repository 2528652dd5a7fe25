/** One borrow position as a card: its health, what it owes and holds, and what can be done with it. */

import * as risk from "../risk/risk.js";
import { assetLabel } from "../ui/asset.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Gauge, ZONE_NAMES } from "../ui/gauge.js";
import * as dialogs from "./position-dialogs.js";

export class PositionCard {
  element;
  row = null;
  #gauge = new Gauge();
  #zone = el("span", { class: "badge tone" });
  #wait = el("span", { class: "badge", hidden: true }, "Being changed…");
  #debt = el("dd");
  #apy = el("dd");
  #ltv = el("dd");
  #tier = el("dd");
  #held = el("tbody");
  #whatIf = el("p", { class: "position__if", "aria-live": "off" });

  /** `rows` are the positions, `terms()` what computing takes, or null while that is loading. */
  constructor(row, name, rows, terms) {
    const fact = (title, value) => el("div", {}, el("dt", {}, title), value);
    const act = (text, open) => {
      const button = el("button", { class: "button button--small", type: "button" }, text);
      button.addEventListener("click", () => open(this.row, rows, terms()?.assets));
      return button;
    };
    const heads = ["Collateral", "Value", "Liquidated at", "Distance"];
    this.element = el(
      "article",
      { class: "panel position", "data-position": row.positionId, "aria-label": `Position in ${row.asset}` },
      el("header", { class: "position__head" }, assetLabel(row.asset, name), el("span", { class: "position__badges" }, this.#wait, this.#zone)),
      el(
        "div",
        { class: "position__body" },
        this.#gauge.element,
        el("dl", { class: "position__facts" }, fact("Debt", this.#debt), fact("Borrow APY", this.#apy), fact("Loan to value", this.#ltv), fact("Credit tier", this.#tier)),
      ),
      el(
        "table",
        { class: "plain-table" },
        el("thead", {}, el("tr", {}, ...heads.map((title) => el("th", { scope: "col" }, title)))),
        this.#held,
      ),
      this.#whatIf,
      el(
        "div",
        { class: "position__actions" },
        act("Borrow more", dialogs.openBorrowMore),
        act("Repay", dialogs.openRepay),
        act("Add collateral", dialogs.openAddCollateral),
        act("Remove collateral", dialogs.openRemoveCollateral),
        act("Close", dialogs.openClose),
      ),
    );
  }

  /** Show a row; `isHoped` if the server has not confirmed it yet. */
  show(row, isHoped) {
    this.row = row;
    this.#gauge.show(row.healthFactor);
    setText(this.#zone, ZONE_NAMES[row.status] ?? row.status);
    setAttribute(this.#zone, "data-zone", row.status);
    this.#wait.hidden = !isHoped;
    setText(this.#debt, `${format.amount(row.debt)} ${row.asset} (${format.usd(row.borrowValueUSD)})`);
    setText(this.#apy, format.rate(row.apy));
    setText(this.#ltv, format.rate(row.weightedLTV));
    setText(this.#tier, row.creditTier);
    row.collateral.forEach((held, i) => {
      const texts = [
        `${format.amount(held.amount)} ${held.symbol}`,
        format.usd(held.valueUSD),
        held.liquidationPrice === null ? "Never" : format.usd(held.liquidationPrice),
        held.distance === null ? format.NOTHING : format.change(held.distance),
      ];
      const line = this.#held.rows[i] ?? this.#line(texts.length);
      texts.forEach((text, n) => setText(line.cells[n], text));
    });
    while (this.#held.rows.length > row.collateral.length) this.#held.lastChild.remove();
  }

  #line(count) {
    const cells = Array.from({ length: count - 1 }, () => el("td"));
    const line = el("tr", {}, el("th", { scope: "row" }), ...cells);
    this.#held.append(line);
    return line;
  }

  /** Show what health would be with prices multiplied by these factors; none says nothing. */
  suppose(terms, factors) {
    if (terms === null || factors === null) return setText(this.#whatIf, "");
    const found = risk.withPrices(risk.positionOf(this.row, terms), factors);
    const zone = risk.zoneOf(found);
    const factor = format.healthFactor(risk.healthFactorDown(found));
    setAttribute(this.#whatIf, "data-zone", zone);
    return setText(this.#whatIf, `At these prices: health ${factor}, ${ZONE_NAMES[zone].toLowerCase()}.`);
  }
}

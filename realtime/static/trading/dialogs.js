/** The dialogs of the trading page: leverage, changing an order, closing a position, money in and out. */

import { Intent } from "../client/api.js";
import { act } from "../client/ledger.js";
import * as own from "../client/own.js";
import { AmountField } from "../ui/amount.js";
import * as decimal from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { closeAction, modifyAction, outcome, priceProblem, sizeProblem } from "./orders.js";

const USDC_PLACES = 6;

/** Ask for the leverage of a market. */
export function openLeverage(market, leverage) {
  const range = el("input", { type: "range", id: "leverage", min: "1", max: String(market.maxLeverage), value: String(leverage) });
  const shown = el("output", { for: "leverage" }, `${leverage}×`);
  range.addEventListener("input", () => setText(shown, `${range.value}×`));
  openDialog({
    title: `Leverage of ${market.coin}`,
    submit: "Set leverage",
    body: [
      el("div", { class: "field" }, el("label", { for: "leverage" }, "Leverage, cross margin"), range, shown),
      el("p", {}, "More leverage asks for less margin and brings the liquidation price nearer."),
    ],
    onSubmit: async () => {
      await act({ type: "updateLeverage", asset: market.assetId, leverage: Number(range.value), isCross: true });
      toast(`${market.coin} trades at ${range.value}× now.`);
    },
  });
}

/** Ask for a limit order's new price and total size. */
export function openChange(order, market, mark) {
  const input = (id, value) => el("input", { id, inputmode: "decimal", autocomplete: "off", value, "aria-describedby": "change-said" });
  const price = input("change-price", order.limitPx);
  const size = input("change-size", order.origSz);
  const said = el("p", { class: "field__error", id: "change-said", "aria-live": "polite" });
  const dialog = openDialog({
    title: `Change the order for ${order.coin}`,
    submit: "Change order",
    body: [
      el("div", { class: "field" }, el("label", { for: "change-price" }, "Limit price, USD"), price),
      el("div", { class: "field" }, el("label", { for: "change-size" }, `Total size, ${order.coin}`), size),
      said,
      el("p", {}, "What is filled counts into the size. A changed order goes to the end of its price's queue."),
    ],
    onSubmit: async () => {
      const answer = await act(modifyAction(order.oid, price.value.trim(), size.value.trim()));
      const result = outcome(answer, order.coin);
      if (result.isBad) throw new Error(result.text);
      toast(result.text);
    },
  });
  dialog.element.addEventListener("input", () => {
    const wrong = priceProblem(price.value.trim(), market, mark) || sizeProblem(size.value.trim(), market);
    setText(said, wrong);
    dialog.setReady(wrong === "");
  });
}

/** Ask before a position is closed at the market. */
export function openClose(position, market) {
  openDialog({
    title: `Close ${position.coin}`,
    submit: "Close position",
    isDanger: true,
    body: [
      el("p", {}, `A market order, reduce-only, for ${position.szi.replace("-", "")} ${position.coin}, worth ${format.usdCents(position.positionValue)} at the mark.`),
      el("p", {}, `P&L at the mark: ${format.usdCents(position.unrealizedPnl)}.`),
    ],
    onSubmit: async () => {
      const result = outcome(await act(closeAction(position.szi, market)), market.coin);
      if (result.isBad) throw new Error(result.text);
      toast(result.text);
    },
  });
}

/** Move USDC between the wallet and the margin account; `withdrawable` is a text. */
export function openTransfer(withdrawable) {
  const intent = new Intent("/v1/trading/transfer");
  const way = el("select", { id: "transfer-way" }, el("option", { value: "in" }, "From the wallet to the margin account"), el("option", { value: "out" }, "From the margin account to the wallet"));
  let wallet = null;
  const most = () => (way.value === "in" ? wallet : withdrawable);
  const field = new AmountField({
    label: "Amount",
    asset: "USDC",
    decimals: USDC_PLACES,
    check: (amount) => (most() !== null && decimal.compare(amount, most()) > 0 ? "This is more than there is." : ""),
    onChange: () => dialog.setReady(field.problem === ""),
  });
  const dialog = openDialog({
    title: "Transfer USDC",
    submit: "Transfer",
    body: [el("div", { class: "field" }, el("label", { for: "transfer-way" }, "Direction"), way), field.element],
    onSubmit: async () => {
      const { data } = await intent.send({ amount: field.isMax ? field.amount : field.value, direction: way.value });
      toast(`Moved ${format.amount(data.amount, USDC_PLACES)} USDC.`);
    },
  });
  const show = () => {
    field.setMost(most());
    dialog.setReady(field.problem === "");
  };
  way.addEventListener("change", show);
  dialog.setReady(false);
  own
    .wallets()
    .then((found) => {
      wallet = found.get("USDC") ?? "0";
      show();
    })
    .catch((error) => dialog.refuse(error.message));
}

/** The dialog of a bid: an amount, and what it would pay and get now, in the server's figures. */

import { Intent, get } from "../client/api.js";
import { AmountField } from "../ui/amount.js";
import { compare, min } from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";

const PAUSE_MS = 250; // after the last key, before the server is asked
const AGAIN_MS = 2_000; // the bonus grows: what was told is old by then

/**
 * Open it and return {id, take(auction)}, for the auction as it goes on; `onDone` is called after the
 * bid, `onClose` whenever the dialog is gone. `assets` are {symbol: {name, decimals}}.
 */
export function openBid(auction, assets, { onDone, onClose }) {
  const { id, pays } = auction;
  let { least, most } = auction;
  const intent = new Intent(`/v1/liquidations/${encodeURIComponent(id)}/bid`);
  let balance = null;
  let timer = null;
  let asked = null; // the controller of the question under way

  const check = (amount) => {
    if (compare(amount, most) > 0) return `At most ${format.amount(most)} ${pays} are left.`;
    if (compare(amount, least) < 0) return `Bids begin at ${format.amount(least)} ${pays}.`;
    if (balance !== null && compare(amount, balance) > 0) return `You have ${format.amount(balance)} ${pays}.`;
    return "";
  };
  const field = new AmountField({
    label: auction.kind === "resale" ? "You pay" : "You repay",
    asset: pays,
    decimals: assets[pays].decimals,
    available: "In your wallet",
    check,
    onChange: () => ask(PAUSE_MS),
  });
  const facts = Object.fromEntries(["pays", "gets", "bonus", "fee"].map((name) => [name, el("dd", {}, format.NOTHING)]));
  const row = (title, dd) => el("div", {}, el("dt", {}, title), dd);
  const said = el("p", { class: "field__error", role: "status" });
  const dialog = openDialog({
    title: `Bid for ${auction.gives.map(({ symbol }) => symbol).join(" + ")}`,
    body: [
      field.element,
      el("dl", { class: "facts" }, row("You pay", facts.pays), row("You get", facts.gets), row("Worth more by", facts.bonus), row("The protocol keeps", facts.fee)),
      said,
      el("p", { class: "note__small" }, "The price is fixed when the bid arrives: until then the bonus may have grown, and prices may have moved."),
    ],
    submit: "Bid",
    onSubmit: async () => {
      const { data } = await intent.send({ amount: field.value });
      const got = data.received instanceof Array ? data.received : [{ symbol: data.collateralAsset, amount: data.received }];
      toast(`You bought ${got.map(({ symbol, amount }) => `${format.amount(amount)} ${symbol}`).join(", ")}.`);
      onDone();
    },
    onClose: () => {
      clearTimeout(timer);
      asked?.abort();
      onClose();
    },
  });
  dialog.setReady(false);

  function clear() {
    for (const dd of Object.values(facts)) setText(dd, format.NOTHING);
  }

  function ask(wait) {
    clearTimeout(timer);
    asked?.abort();
    const problem = field.problem;
    dialog.setReady(problem === "");
    if (problem !== "") {
      clear();
      setText(said, "");
      return;
    }
    timer = setTimeout(quote, wait);
  }

  async function quote() {
    asked = new AbortController();
    const { signal } = asked;
    // All that is left may be more than there is in the wallet.
    const amount = field.isMax && field.amount === most ? "max" : field.amount;
    try {
      const { data } = await get(`/v1/liquidations/${encodeURIComponent(id)}/quote`, { amount }, { signal });
      setText(facts.pays, `${format.amount(data.pays.amount)} ${data.pays.symbol} (${format.usd(data.pays.valueUSD)})`);
      setText(facts.gets, data.receives.map((part) => `${format.amount(part.amount)} ${part.symbol} (${format.usd(part.valueUSD)})`).join(", "));
      setText(facts.bonus, `${format.usd(data.bonus)} (${format.rate(Number(data.bonus) / Number(data.pays.valueUSD))})`);
      setText(facts.fee, data.receives.map((part) => `${format.amount(part.protocolFee)} ${part.symbol}`).join(", "));
      setText(said, "");
    } catch (error) {
      if (signal.aborted) return;
      clear();
      setText(said, error.message);
    }
    timer = setTimeout(quote, AGAIN_MS);
  }

  get("/v1/user/balances")
    .then(({ data }) => {
      balance = data.find(({ asset }) => asset === pays)?.amount ?? "0";
      field.setMost(min(balance, most), balance);
    })
    .catch((error) => setText(said, error.message));
  return {
    id,
    take: (now) => {
      ({ least, most } = now);
      if (balance !== null) field.setMost(min(balance, most), balance);
    },
  };
}

/** The dialogs that supply an asset and take it back. They refuse what the server would refuse. */

import { Intent } from "../client/api.js";
import * as own from "../client/own.js";
import { supplyRoomDown, whyNoSupply } from "../risk/limits.js";
import { AmountField } from "../ui/amount.js";
import * as decimal from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";

const fact = (name) => {
  const value = el("dd", {}, format.NOTHING);
  return { line: el("div", {}, el("dt", {}, name), value), value };
};

/** Open one of the two; `kind` is what it is called, `load` gives what it depends on. */
function open({ kind, poolId, symbol, available, load, most, check, onDone }) {
  const intent = new Intent(`/v1/pools/${encodeURIComponent(poolId)}/${kind.path}`);
  const [apy, balance] = [fact("Supply APY"), fact("Supplied after it")];
  let known = null; // {pool, terms, wallet, supply}
  const field = new AmountField({
    label: kind.label,
    asset: symbol,
    available,
    check: (amount) => (known === null ? "" : check(amount, known)),
    onChange: show,
  });
  const dialog = openDialog({
    title: `${kind.title} ${symbol}`,
    submit: kind.title,
    body: [field.element, el("dl", { class: "facts" }, apy.line, balance.line)],
    onSubmit: async () => {
      const { data } = await intent.send({ amount: field.value });
      const amount = data.amountDeposited ?? data.withdrawnAmount;
      toast(`${kind.done} ${format.amount(amount, known.asset.decimals)} ${symbol}.`);
      onDone?.(data.position);
    },
  });

  function show() {
    dialog.setReady(known !== null && known.why === "" && field.problem === "");
    if (known === null) return;
    setText(apy.value, format.rate(known.pool.supplyAPY));
    const now = known.supply?.balance ?? "0";
    const amount = field.problem === "" ? field.amount : "0";
    const after = kind.sign > 0 ? decimal.add(now, amount) : decimal.max(decimal.subtract(now, amount), "0");
    const { decimals } = known.asset;
    setText(balance.value, `${format.amount(now, decimals)} → ${format.amount(after, decimals)} ${symbol}`);
  }

  dialog.setReady(false);
  load()
    .then((told) => {
      known = told;
      field.decimals = known.asset.decimals;
      if (known.why) dialog.refuse(known.why);
      field.setMost(...most(known));
      show();
    })
    .catch((error) => dialog.refuse(error.message));
}

async function load(poolId, symbol) {
  const [terms, pool, wallets, supply] = await Promise.all([
    own.terms(),
    own.pool(poolId),
    own.wallets(),
    own.supplyIn(poolId),
  ]);
  return { asset: terms.assets.get(symbol), pool, wallet: wallets.get(symbol) ?? "0", supply };
}

/** Ask how much to supply to a pool. `onDone(position)` gets the position's new row. */
export function openSupply(poolId, symbol, onDone) {
  open({
    kind: { title: "Supply", label: "Amount", path: "supply", done: "Supplied", sign: 1 },
    poolId,
    symbol,
    available: "In your wallet",
    onDone,
    load: async () => {
      const known = await load(poolId, symbol);
      return { ...known, room: supplyRoomDown(known.asset, known.pool), why: whyNoSupply(known.pool) };
    },
    most: ({ wallet, room }) => [decimal.min(wallet, room), wallet],
    check: (amount, { wallet, room }) => {
      if (decimal.compare(amount, wallet) > 0) return `Your wallet holds ${wallet} ${symbol}.`;
      if (decimal.compare(amount, room) > 0) return `The market's cap takes only ${room} ${symbol} more.`;
      return "";
    },
  });
}

/** Ask how much to take back from a pool. */
export function openWithdraw(poolId, symbol, onDone) {
  open({
    kind: { title: "Withdraw", label: "Amount", path: "withdraw", done: "Withdrew", sign: -1 },
    poolId,
    symbol,
    available: "Supplied",
    onDone,
    load: async () => {
      const known = await load(poolId, symbol);
      return { ...known, why: known.supply ? "" : `You have supplied no ${symbol}.` };
    },
    most: ({ supply, pool }) => {
      const balance = supply?.balance ?? "0";
      return [decimal.min(balance, pool.available), balance];
    },
    check: (amount, { supply, pool }) => {
      const balance = supply?.balance ?? "0";
      if (decimal.compare(amount, balance) > 0) return `You have supplied ${balance} ${symbol}.`;
      if (decimal.compare(amount, pool.available) > 0) {
        return `The market has only ${pool.available} ${symbol} at hand; the rest is lent out.`;
      }
      return "";
    },
  });
}

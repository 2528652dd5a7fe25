/** The dialog that opens a borrow position: what to borrow, what to lock for it, and what comes of it. */

import { Intent, get } from "../client/api.js";
import * as own from "../client/own.js";
import * as refusals from "../risk/refusals.js";
import * as risk from "../risk/risk.js";
import { AmountField } from "../ui/amount.js";
import { openDialog } from "../ui/dialog.js";
import { selectField } from "../ui/field.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { HealthFacts } from "./health-facts.js";

const REFRESH_MS = 3_000;

/** Read what the dialog depends on; `pools` are all pools by asset. */
async function load() {
  const [terms, wallets, pools, supplies] = await Promise.all([
    own.terms(),
    own.wallets(),
    get("/v1/pools", { limit: 100 }).then(({ data }) => new Map(data.map((pool) => [pool.asset, pool]))),
    get("/v1/supply/positions").then(({ data }) => new Map(data.map((one) => [one.asset, one.balance]))),
  ]);
  return { ...terms, wallets, pools, supplies };
}

/**
 * Ask what to borrow. `assets` are the terms by symbol, `wanted` the asset to begin with, `tier` the
 * caller's credit tier; `onDone(position)` gets the new row.
 */
export function openPosition({ assets, wanted = "USDC", tier, onDone }) {
  const intent = new Intent("/v1/borrow/request");
  const all = [...assets.values()];
  const lend = selectField("Asset to borrow", all.filter((a) => a.isBorrowable).map((a) => [a.symbol, a.symbol]));
  const lock = selectField("Collateral", all.filter((a) => a.isCollateralEnabled).map((a) => [a.symbol, a.symbol]));
  const source = selectField("Take it from", [["wallet", "Wallet"], ["supply", "Supplied balance"]]);
  if (assets.has(wanted)) lend.input.value = wanted;
  lock.input.value = wanted === "ETH" ? "USDC" : "ETH";
  const facts = new HealthFacts();
  let known = null;

  const asset = () => known.assets.get(lend.input.value);
  const held = () => known.assets.get(lock.input.value);
  const pool = () => known.pools.get(lend.input.value);
  const available = () =>
    (source.input.value === "supply" ? known.supplies : known.wallets).get(lock.input.value) ?? "0";
  const isLockable = () => collateral.problem === "";

  /** The position with its collateral and a debt. */
  const position = (debt) => ({
    collaterals: isLockable() ? [risk.collateralOf(held(), collateral.amount)] : [],
    debt: risk.debtOf(asset(), debt),
    tier: known.tiers[tier],
  });
  const collateral = new AmountField({
    label: "Amount to lock",
    asset: "",
    available: "Available",
    check: (amount) => (known === null ? "" : refusals.whyNotAdd(held(), amount, available())),
    onChange: again,
  });
  const amount = new AmountField({
    label: "Amount to borrow",
    asset: "",
    available: "You can borrow",
    check: (text) => {
      if (known === null || !isLockable()) return "";
      return refusals.whyNotBorrow(position("0"), text, { assets: known.assets, pool: pool() });
    },
    onChange: show,
  });

  function again() {
    if (known === null) return;
    collateral.asset = lock.input.value;
    collateral.decimals = held().decimals;
    collateral.setMost(available());
    amount.asset = lend.input.value;
    amount.decimals = asset().decimals;
    const most = isLockable()
      ? refusals.mostToBorrow(position("0"), { assets: known.assets, pool: pool() })
      : null;
    amount.setMost(most);
    show();
  }

  function show() {
    if (known === null) return;
    const isGood = isLockable() && amount.problem === "";
    dialog.setReady(isGood);
    facts.show(position("0"), isGood ? position(amount.amount) : null);
  }

  const dialog = openDialog({
    title: "Borrow",
    submit: "Borrow",
    body: [lend.element, lock.element, source.element, collateral.element, amount.element, facts.element],
    onSubmit: async () => {
      const { data } = await intent.send({
        lendingPoolId: asset().poolId,
        borrowAmount: amount.value,
        collateralAssets: [{ symbol: lock.input.value, amount: collateral.value }],
        source: source.input.value,
      });
      onDone(data.position);
      toast(`Borrowed ${format.amount(data.borrowedAmount, 18)} ${data.position.asset}.`);
    },
    onClose: () => clearInterval(timer),
  });
  for (const { input } of [lend, lock, source]) input.addEventListener("change", again);

  async function refresh() {
    try {
      known = await load();
      again();
    } catch (error) {
      if (known === null) dialog.refuse(error.message);
    }
  }
  dialog.setReady(false);
  const timer = setInterval(refresh, REFRESH_MS);
  refresh();
}

/**
 * The dialogs that change a borrow position: borrow more, repay, add and remove collateral, close.
 *
 * Each shows what it would do, refuses what the server would refuse, and shows its effect at once;
 * the server's answer, or its refusal, corrects that.
 */

import { Intent, get } from "../client/api.js";
import * as own from "../client/own.js";
import * as refusals from "../risk/refusals.js";
import * as risk from "../risk/risk.js";
import { AmountField } from "../ui/amount.js";
import * as decimal from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el, setText } from "../ui/dom.js";
import { selectField } from "../ui/field.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { HealthFacts } from "./health-facts.js";

const REFRESH_MS = 3_000; // how often what a dialog computes with is read again

/** Read what a dialog depends on. */
async function load(row) {
  const [terms, pool, wallets, supplies] = await Promise.all([
    own.terms(),
    own.pool(row.poolId),
    own.wallets(),
    get("/v1/supply/positions").then(({ data }) => new Map(data.map((one) => [one.asset, one.balance]))),
  ]);
  return { ...terms, pool, wallets, supplies, wallet: wallets.get(row.asset) ?? "0" };
}

/**
 * Open a dialog on a position. `spec` has
 *   title, submit, done(data), path, isDanger;
 *   build(changed) -> {nodes, update(known, position), after(position), problem, body}
 */
function change(row, rows, spec) {
  const { positionId } = row;
  const intent = new Intent(`/v1/borrow/positions/${encodeURIComponent(positionId)}/${spec.path}`);
  const facts = new HealthFacts();
  let known = null;
  const form = spec.build(show);
  const position = () => risk.positionOf(rows.get(positionId) ?? row, known);
  const dialog = openDialog({
    title: spec.title,
    submit: spec.submit,
    isDanger: spec.isDanger,
    body: [...form.nodes, facts.element],
    onSubmit: async () => {
      const hope = rows.propose(positionId, hoped(form.after(position())));
      try {
        const { data } = await intent.send(form.body);
        hope.settle(data.position);
        toast(spec.done(data));
      } catch (error) {
        hope.undo();
        throw error;
      }
    },
    onClose: () => {
      clearInterval(timer);
      stop();
    },
  });

  function show() {
    if (known === null) return;
    const problem = form.problem;
    dialog.setReady(problem === "");
    facts.show(position(), problem === "" ? form.after(position()) : null);
  }

  async function refresh() {
    try {
      known = await load(row);
      form.update(known, position());
      show();
    } catch (error) {
      if (known === null) dialog.refuse(error.message);
    }
  }

  dialog.setReady(false);
  const timer = setInterval(refresh, REFRESH_MS);
  const stop = rows.onChange((keys) => keys.has(positionId) && show());
  refresh();
}

/** Return the fields of a row that a position after a change would have. */
function hoped(after) {
  if (decimal.isZero(after.debt.amount)) return { status: "closed" };
  const factor = risk.healthFactorDown(after);
  return {
    debt: decimal.trim(after.debt.amount),
    healthFactor: factor === null ? null : Number(factor),
    status: risk.zoneOf(after),
    borrowValueUSD: risk.usdUp(risk.debtValue(after)),
    collateralValueUSD: risk.usdDown(risk.collateralValue(after)),
  };
}

/**
 * Return a form of one amount, with the selects before it; `spec` has label, available, selects,
 * asset(), check(amount, at), most(at) -> [most, available], after(position, amount, at), body(amount).
 * `at` is {known, position}, as last read.
 */
const amountForm = (spec) => (changed) => {
  let at = null;
  const field = new AmountField({
    label: spec.label,
    asset: "",
    available: spec.available,
    check: (amount) => (at === null ? "" : spec.check(amount, at)),
    onChange: changed,
  });
  const again = () => {
    if (at === null) return;
    const { symbol, decimals } = at.known.assets.get(spec.asset());
    field.asset = symbol;
    field.decimals = decimals;
    field.setMost(...spec.most(at));
    changed();
  };
  const selects = spec.selects ?? [];
  for (const { input } of selects) input.addEventListener("change", again);
  return {
    nodes: [...selects.map(({ element }) => element), field.element],
    update: (known, position) => {
      at = { known, position };
      again();
    },
    after: (position) => spec.after(position, field.amount ?? "0", at),
    get problem() {
      return field.problem;
    },
    get body() {
      return spec.body(field.value);
    },
  };
};

const told = (amount, symbol) => `${format.amount(amount, 18)} ${symbol}`;

export function openBorrowMore(row, rows) {
  change(row, rows, {
    title: `Borrow more ${row.asset}`,
    submit: "Borrow",
    path: "borrow",
    done: (data) => `Borrowed ${told(data.borrowedAmount, row.asset)}.`,
    build: amountForm({
      label: "Amount to borrow",
      available: "You can borrow",
      asset: () => row.asset,
      check: (amount, { known, position }) => refusals.whyNotBorrow(position, amount, known),
      most: ({ known, position }) => [refusals.mostToBorrow(position, known)],
      after: (position, amount) => risk.withDebt(position, amount),
      body: (amount) => ({ amount }),
    }),
  });
}

export function openRepay(row, rows) {
  change(row, rows, {
    title: `Repay ${row.asset}`,
    submit: "Repay",
    path: "repay",
    done: (data) => `Repaid ${told(data.repaidAmount, row.asset)}.`,
    build: amountForm({
      label: "Amount to repay",
      available: "In your wallet",
      asset: () => row.asset,
      check: (amount, { known, position }) => refusals.whyNotRepay(position, amount, known),
      most: ({ known, position }) => [decimal.min(known.wallet, position.debt.amount), known.wallet],
      after: (position, amount) =>
        risk.withDebt(position, `-${decimal.min(amount, position.debt.amount)}`),
      body: (amount) => ({ amount }),
    }),
  });
}

/** `assets` are the terms by symbol: what may be added. */
export function openAddCollateral(row, rows, assets) {
  const held = new Set(row.collateral.map(({ symbol }) => symbol));
  const allowed = [...assets.values()].filter(({ isCollateralEnabled }) => isCollateralEnabled);
  allowed.sort((a, b) => Number(held.has(b.symbol)) - Number(held.has(a.symbol)));
  const which = selectField("Collateral", allowed.map(({ symbol }) => [symbol, symbol]));
  const source = selectField("Take it from", [["wallet", "Wallet"], ["supply", "Supplied balance"]]);
  const symbol = () => which.input.value;
  const available = ({ known }) =>
    (source.input.value === "supply" ? known.supplies : known.wallets).get(symbol()) ?? "0";
  change(row, rows, {
    title: "Add collateral",
    submit: "Add",
    path: "add-collateral",
    done: (data) => `Added ${told(data.addedAmount, symbol())} of collateral.`,
    build: amountForm({
      label: "Amount to add",
      available: "Available",
      selects: [which, source],
      asset: symbol,
      check: (amount, at) => refusals.whyNotAdd(at.known.assets.get(symbol()), amount, available(at)),
      most: (at) => [available(at)],
      after: (position, amount, { known }) =>
        risk.withCollateral(position, symbol(), amount, risk.collateralOf(known.assets.get(symbol()), "0")),
      body: (amount) => ({ asset: { symbol: symbol(), amount }, source: source.input.value }),
    }),
  });
}

export function openRemoveCollateral(row, rows) {
  const which = selectField("Collateral", row.collateral.map(({ symbol }) => [symbol, symbol]));
  const symbol = () => which.input.value;
  change(row, rows, {
    title: "Remove collateral",
    submit: "Remove",
    path: "remove-collateral",
    done: (data) => `Removed ${told(data.removedAmount, symbol())} of collateral.`,
    build: amountForm({
      label: "Amount to remove",
      available: "Removable",
      selects: [which],
      asset: symbol,
      check: (amount, { known, position }) =>
        refusals.whyNotRemove(position, symbol(), amount, known),
      most: ({ position }) => [decimal.trim(risk.removableDown(position, symbol()))],
      after: (position, amount) => risk.withCollateral(position, symbol(), `-${amount}`),
      body: (amount) => ({ asset: { symbol: symbol(), amount } }),
    }),
  });
}

export function openClose(row, rows) {
  const back = row.collateral.map(({ symbol, amount }) => told(amount, symbol)).join(", ");
  change(row, rows, {
    title: `Close the ${row.asset} position`,
    submit: "Repay all and close",
    path: "close",
    done: (data) => `Closed: repaid ${told(data.repaidAmount, row.asset)}.`,
    build: () => {
      const said = el("p", {}, `The whole debt is repaid from your wallet, and you get back ${back}.`);
      const problem = el("p", { class: "field__error", role: "alert" });
      return {
        nodes: [said, problem],
        update: ({ wallet }, { debt }) => {
          const isEnough = decimal.compare(debt.amount, wallet) <= 0;
          const text = `Your wallet holds ${wallet} ${row.asset}; the debt is ${debt.amount}.`;
          setText(problem, isEnough ? "" : text);
        },
        after: (position) => risk.withDebt(position, `-${position.debt.amount}`),
        get problem() {
          return problem.textContent;
        },
        body: {},
      };
    },
  });
}

/** Auto-protect rules: the table of those that are active, and the dialogs that set and revoke one. */

import { Intent, send } from "../client/api.js";
import { AmountField } from "../ui/amount.js";
import * as decimal from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el } from "../ui/dom.js";
import { selectField, textField } from "../ui/field.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { age } from "../ui/time.js";

const ACTIONS = { repay: "Repay", add_collateral: "Add collateral" };
const [LOWEST, HIGHEST] = ["1", "3"]; // a trigger is above the one and not above the other
const path = (positionId) => `/v1/borrow/positions/${encodeURIComponent(positionId)}/protection`;
const keep = (make) => (row, cell) => cell.firstChild ?? make(row);

/** `rows` are the Rows of positions, which tell of rules too. */
export function rulesTable(rows) {
  return new Table({
    caption: "Active rules",
    key: (row) => row.ruleId,
    order: { by: "trigger", isDown: true },
    empty: "No rule is active. A rule protects an open loan.",
    columns: [
      { key: "position", title: "Position", sort: (row) => row.protects, cell: (row) => row.protects },
      {
        key: "trigger",
        title: "At health",
        sort: (row) => row.triggerHealthFactor,
        cell: (row) => format.healthFactor(row.triggerHealthFactor),
      },
      { key: "action", title: "Does", align: "start", cell: (row) => ACTIONS[row.action] },
      {
        key: "limit",
        title: "Up to",
        cell: (row) => (row.limit === "max" ? `All ${row.asset} you have` : `${format.amount(row.limit, 18)} ${row.asset}`),
      },
      { key: "since", title: "Since", cell: keep((row) => age(row.createdAt)) },
      {
        key: "actions-cell",
        title: "",
        cell: keep((row) => {
          const button = el("button", { class: "button button--small", type: "button" }, "Revoke");
          button.append(el("span", { class: "visually-hidden" }, ` the rule of ${row.protects}`));
          button.addEventListener("click", () => revoke(row, rows));
          return button;
        }),
      },
    ],
  });
}

function revoke(row, rows) {
  openDialog({
    title: "Revoke this rule?",
    submit: "Revoke",
    isDanger: true,
    body: [el("p", {}, `${row.protects} is then no longer protected at health ${format.healthFactor(row.triggerHealthFactor)}.`)],
    onSubmit: async () => {
      const hope = rows.propose(row.ruleId, { status: "closed" });
      try {
        const { data } = await send("DELETE", `${path(row.protects)}/${encodeURIComponent(row.ruleId)}`);
        hope.settle(data);
      } catch (error) {
        hope.undo();
        throw error;
      }
      toast("The rule is revoked.");
    },
  });
}

/** Ask for a rule on one of these loans; `assets` are the terms by symbol. */
export function openRule(loans, assets, rows) {
  const which = selectField("Position", loans.map((row) => [row.positionId, `${row.asset}, ${row.positionId}, health ${format.healthFactor(row.healthFactor)}`]));
  const action = selectField("What to do", Object.entries(ACTIONS));
  const asset = selectField("Collateral", [...assets.values()].filter((one) => one.isCollateralEnabled).map((one) => [one.symbol, one.symbol]));
  const trigger = textField("Trigger: health factor at or below", { inputmode: "decimal", value: "1.3" });
  const all = el("input", { type: "checkbox", id: "rule-all" });
  const limit = new AmountField({ label: "At most", asset: "", onChange: show });
  const intents = new Map(); // position id -> Intent

  const loan = () => loans.find((row) => row.positionId === which.input.value);
  const isRepay = () => action.input.value === "repay";
  const symbol = () => (isRepay() ? loan().asset : asset.input.value);
  const isTrigger = () => {
    const text = trigger.input.value.trim();
    return decimal.isDecimal(text) && decimal.compare(text, LOWEST) > 0 && decimal.compare(text, HIGHEST) <= 0;
  };

  const dialog = openDialog({
    title: "Protect a position",
    submit: "Set the rule",
    body: [
      which.element,
      action.element,
      asset.element,
      trigger.element,
      limit.element,
      el("label", { class: "check" }, all, "No limit but what the wallet holds"),
    ],
    onSubmit: async () => {
      const id = which.input.value;
      if (!intents.has(id)) intents.set(id, new Intent(path(id)));
      const { data } = await intents.get(id).send({
        triggerHealthFactor: trigger.input.value.trim(),
        action: action.input.value,
        asset: symbol(),
        limit: all.checked ? "max" : limit.amount,
      });
      rows.take(data);
      toast("The rule is set.");
    },
  });

  function show() {
    asset.element.hidden = isRepay();
    limit.element.hidden = all.checked;
    limit.asset = symbol();
    limit.decimals = assets.get(symbol()).decimals;
    dialog.setReady(isTrigger() && (all.checked || limit.problem === ""));
    trigger.input.setAttribute("aria-invalid", String(!isTrigger()));
  }

  for (const input of [which.input, action.input, asset.input, trigger.input, all]) input.addEventListener("input", show);
  show();
}

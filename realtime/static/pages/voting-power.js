/** The caller's voting power and stake: what they are made of, and what can be done with them. */

import { Intent, get } from "../client/api.js";
import { weight } from "../governance/words.js";
import { AmountField } from "../ui/amount.js";
import { timeLeft } from "../ui/countdown.js";
import { compare, isZero } from "../ui/decimal.js";
import { openDialog } from "../ui/dialog.js";
import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { toast } from "../ui/toast.js";

const DECIMALS = 18;
const me = document.body.dataset.user;
const places = { power: document.querySelector("[data-power]"), stake: document.querySelector("[data-stake]") };
let onPower = () => {};

const fact = (title, value) => el("div", {}, el("dt", {}, title), el("dd", {}, value));

function button(text, act, { isMain = false } = {}) {
  const made = el("button", { class: `button${isMain ? " button--main" : ""}`, type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

function showStanding(power, received) {
  const isAway = power.delegate !== null;
  onPower(power);
  places.power.replaceChildren(
    el(
      "dl",
      { class: "facts facts--plain" },
      fact("Counts for you", weight(power.effectiveVotingPower)),
      fact("Of your own DUAL", weight(power.ownVotingPower)),
      fact("Delegated to you", `${weight(power.delegatedIn)}${received ? ` by ${received}` : ""}`),
      ...(isAway ? [fact("Delegated to", el("span", { class: "code" }, power.delegate))] : []),
      fact("Your id, for others", el("span", { class: "code" }, me)),
    ),
    el(
      "p",
      { class: "note__small" },
      "On a proposal counts the lower of your power when it was made and a day before.",
    ),
    el(
      "div",
      { class: "acts" },
      button(isAway ? "Delegate to another" : "Delegate", () => delegate()),
      ...(isAway ? [button("Take back", () => takeBack(power.delegate))] : []),
    ),
  );
}

function delegate() {
  const intent = new Intent("/v1/governance/delegate");
  const input = el("input", { id: "delegate-id", autocomplete: "off", placeholder: "usr_…", required: true, maxlength: 32 });
  openDialog({
    title: "Delegate your voting power",
    body: [
      el("p", {}, "All of it counts for somebody else from now on. Your DUAL stays yours, and you can take the power back at any time."),
      el("div", { class: "field" }, el("label", { for: "delegate-id" }, "Id of the delegate"), input),
    ],
    submit: "Delegate",
    onSubmit: async () => {
      const id = input.value.trim();
      if (id === "") throw new Error("Enter the id of the delegate: it begins with usr_.");
      const { data } = await intent.send({ delegateeId: id });
      toast(`Your voting power counts for ${id} now.`);
      showStanding(data, 0);
    },
  });
  input.focus();
}

function takeBack(delegatee) {
  const intent = new Intent("/v1/governance/undelegate");
  openDialog({
    title: "Take your voting power back",
    body: [el("p", {}, `It counts for ${delegatee} now. From then on it counts for you, on proposals made a day later.`)],
    submit: "Take back",
    onSubmit: async () => {
      const { data } = await intent.send();
      toast("Your voting power is your own again.");
      showStanding(data, 0);
    },
  });
}

function showStake(stake, liquid) {
  const rewards = stake.rewards.map(({ asset, amount }) => `${format.amount(amount)} ${asset}`).join(", ");
  const canWithdraw = !isZero(stake.withdrawable);
  places.stake.replaceChildren(
    el(
      "dl",
      { class: "facts facts--plain" },
      fact("Staked", `${format.amount(stake.staked, 2)} DUAL`),
      fact("In your wallet", `${format.amount(liquid, 2)} DUAL`),
      ...stake.cooldowns.map((row) => fact("Cooling down", el("span", {}, `${format.amount(row.amount, 2)} DUAL, `, timeLeft(row.endsAt, "done")))),
      fact("Rewards", rewards || "none yet"),
    ),
    el("p", { class: "note__small" }, "Staked DUAL votes with one and a half of its weight, and shares in the fees of liquidations."),
    el(
      "div",
      { class: "acts" },
      button("Stake", () => move("stake", "Stake DUAL", "Stake", liquid, "In your wallet")),
      ...(isZero(stake.staked) ? [] : [button("Unstake", () => move("unstake", "Unstake DUAL", "Unstake", stake.staked, "Staked"))]),
      ...(canWithdraw ? [button(`Withdraw ${format.amount(stake.withdrawable, 2)}`, () => act("withdraw", "Your DUAL is back in your wallet."))] : []),
      ...(rewards ? [button("Claim rewards", () => act("claim", "The rewards are in your wallets."))] : []),
    ),
  );
}

function move(path, title, submit, most, available) {
  const intent = new Intent(`/v1/staking/${path}`);
  const field = new AmountField({
    label: "Amount",
    asset: "DUAL",
    decimals: DECIMALS,
    available,
    check: (amount) => (compare(amount, most) > 0 ? "This is more than there is." : ""),
    onChange: () => dialog.setReady(field.problem === ""),
  });
  const note = path === "unstake" ? "It weighs nothing while it cools down, and can be withdrawn after that." : "To have it back, unstake it: it cools down for seven days.";
  const dialog = openDialog({
    title,
    body: [field.element, el("p", { class: "note__small" }, note)],
    submit,
    onSubmit: async () => {
      const { data } = await intent.send({ amount: field.value });
      toast(`${data.moved.map(({ asset, amount }) => `${format.amount(amount)} ${asset}`).join(", ")}: done.`);
      load();
    },
  });
  dialog.setReady(false);
  field.setMost(most);
}

async function act(path, text) {
  try {
    await new Intent(`/v1/staking/${path}`).send();
    toast(text);
  } catch (error) {
    toast(error.message, { kind: "assertive" });
  }
  load();
}

async function load() {
  try {
    const [power, given, stake, balances] = await Promise.all([
      get("/v1/governance/voting-power"),
      get("/v1/governance/delegations", { limit: 1 }),
      get("/v1/staking/position"),
      get("/v1/user/balances"),
    ]);
    showStanding(power.data, given.pagination.total);
    showStake(stake.data, balances.data.find(({ asset }) => asset === "DUAL")?.amount ?? "0");
  } catch (error) {
    for (const place of Object.values(places)) {
      const again = el("button", { class: "button", type: "button" }, "Try again");
      again.addEventListener("click", load);
      place.replaceChildren(el("p", { role: "alert" }, error.message), again);
    }
  }
}

/** Show power and stake in their panels; `onStanding` hears the power whenever it is told anew. */
export function showPower(onStanding) {
  onPower = onStanding;
  load();
}

/**
 * The form of a proposal: fields by its type, as the server describes them, and what it would change.
 *
 * The effect is asked for while one types, and refused in the same words as the proposal would be.
 */

import { Intent, get, send } from "../client/api.js";
import { TYPES, fieldName, valueName } from "../governance/words.js";
import { openDialog } from "../ui/dialog.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import { effectTable } from "./effects.js";

const PAUSE_MS = 350; // after the last key, before the server is asked
const TITLE = [10, 120];
const TEXT = [50, 10_000];
const LEAST_REASON = 10;
const FEES = { PROTOCOL_FEE: "reserveFactor", LIQUIDATION_PENALTY: "liquidationPenalty" };
const UNWRITTEN = "Not written yet."; // stands in for a reason, which changes no effect

let count = 0;

/** A labelled control with a place for what is wrong with it. */
function labelled(name, control, hint = "") {
  count += 1;
  const [id, said] = [`proposal-${count}`, `proposal-${count}-said`];
  setAttribute(control, "id", id);
  setAttribute(control, "aria-describedby", said);
  const error = el("span", { class: "field__error" });
  const element = el(
    "div",
    { class: "field" },
    el("label", { for: id }, name),
    control,
    el("div", { id: said }, hint ? el("span", { class: "field__hint" }, hint) : "", error),
  );
  return {
    element,
    control,
    refuse: (text) => {
      setText(error, text);
      setAttribute(control, "aria-invalid", String(text !== ""));
    },
  };
}

const option = (value, text) => el("option", { value }, text);

/** Return the control of one field; `pools` are rows of REST. */
function control(field, assets, pools) {
  const none = field.isRequired ? [] : [option("", "None")];
  switch (field.kind) {
    case "pool":
      return el("select", {}, ...none, ...pools.map(({ poolId, asset }) => option(poolId, `${poolId} (${asset})`)));
    case "asset":
      return el("select", {}, ...none, ...Object.keys(assets).map((symbol) => option(symbol, symbol)));
    case "choice":
      return el("select", {}, ...none, ...field.choices.map((choice) => option(choice, valueName(choice))));
    case "text":
      return el("textarea", { rows: 3 });
    case "number":
      return el("input", { inputmode: "decimal", autocomplete: "off", placeholder: "0.05" });
    default:
      return el("input", { autocomplete: "off" });
  }
}

function hintOf(field) {
  if (field.kind === "number") return field.isRequired ? "A plain number: 0.05 is 5 %." : "Left empty, the catalogue's value holds.";
  if (field.kind === "text") return "At least 10 characters.";
  return "";
}

/** Open the form; `config` is that of governance. The new proposal's page is opened when it is made. */
export async function openProposal(config, assets) {
  const intent = new Intent("/v1/governance/proposals");
  const type = el("select", {}, ...Object.keys(config.forms).map((name) => option(name, TYPES[name] ?? name)));
  const kind = labelled("Type", type);
  const title = labelled("Title", el("input", { autocomplete: "off", maxlength: TITLE[1] }), `${TITLE[0]} to ${TITLE[1]} characters.`);
  const text = labelled("Why", el("textarea", { rows: 4, maxlength: TEXT[1] }), `At least ${TEXT[0]} characters.`);
  const link = labelled("Discussion (a link, if there is one)", el("input", { type: "url", autocomplete: "off", placeholder: "https://…" }));
  const box = el("fieldset", { class: "proposal-form__fields" });
  const effect = el("div", { class: "proposal-form__effect", "aria-live": "polite" });
  let fields = {}; // name -> labelled
  let pools = [];
  let timer = null;
  let asking = null;

  const asked = () => config.forms[type.value];

  const payload = ({ isDraft = false } = {}) => {
    const data = {};
    for (const { name, kind: takes } of asked()) {
      const value = fields[name].control.value.trim();
      if (isDraft && takes === "text" && value.length < LEAST_REASON) data[name] = UNWRITTEN;
      else if (value !== "") data[name] = value;
    }
    return { type: type.value, payload: { type: type.value, data } };
  };

  /** Put refusals beside their fields; return what has no field here. */
  function place(refused, known) {
    const rest = [];
    for (const [name, texts] of Object.entries(refused ?? {})) {
      if (known[name]) known[name].refuse(`${texts.join(" ")}`);
      else rest.push(`${fieldName(name)} ${texts.join(" ")}`);
    }
    return rest.join(" ");
  }

  function say(content) {
    effect.replaceChildren(el("h3", {}, "What it would change"), content);
  }

  async function preview() {
    asking?.abort();
    for (const field of Object.values(fields)) field.refuse("");
    const draft = payload({ isDraft: true });
    if (asked().some(({ name, isRequired }) => isRequired && draft.payload.data[name] === undefined)) {
      say(el("p", { class: "note__small" }, "Fill in the fields above to see it."));
      return;
    }
    asking = new AbortController();
    const { signal } = asking;
    try {
      const { data } = await send("POST", "/v1/governance/preview", draft, { signal });
      say(effectTable(data.effects) ?? el("p", {}, "Nothing: it is a signal that the market does not act upon."));
    } catch (error) {
      if (signal.aborted) return;
      const refused = error.details?.fields;
      const rest = place(refused, fields);
      say(el("p", { class: "note__small" }, refused ? rest || "See the fields above." : error.message));
    }
  }

  /** Say the present value where a new one is asked for. */
  async function present() {
    const input = (fields.proposedValue ?? fields.proposedRate)?.control;
    if (!input) return;
    const parameter = fields.parameter?.control.value ?? FEES[fields.feeType.control.value];
    const poolId = fields.poolId.control.value;
    try {
      const pool = (await get(`/v1/pools/${encodeURIComponent(poolId)}`)).data;
      const value = { ...pool.interestRateModel, ...pool.collateralConfig }[parameter];
      if (fields.poolId.control.value === poolId) setAttribute(input, "placeholder", `now ${value}`);
    } catch {
      setAttribute(input, "placeholder", "");
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE_MS);
  }

  function build() {
    fields = {};
    for (const field of config.forms[type.value]) {
      fields[field.name] = labelled(fieldName(field.name), control(field, assets, pools), hintOf(field));
    }
    box.replaceChildren(el("legend", {}, "What is proposed"), ...Object.values(fields).map(({ element }) => element));
    soon();
    present();
  }

  try {
    pools = (await get("/v1/pools", { limit: 100 })).data;
  } catch {
    // the lists of pools stay empty; the preview says what is missing
  }
  const dialog = openDialog({
    title: "New proposal",
    body: [
      kind.element,
      box,
      effect,
      title.element,
      text.element,
      link.element,
      el("p", { class: "note__small" }, `A deposit of ${config.proposalDeposit} DUAL is held, and returned unless the quorum is missed.`),
    ],
    submit: "Propose",
    onSubmit: async () => {
      const known = { ...fields, title, description: text, discussionUrl: link };
      for (const field of Object.values(known)) field.refuse("");
      const url = link.control.value.trim();
      try {
        const { data } = await intent.send({
          title: title.control.value.trim(),
          description: text.control.value.trim(),
          ...(url ? { discussionUrl: url } : {}),
          ...payload(),
        });
        location.assign(`/governance/${encodeURIComponent(data.proposalId)}`);
      } catch (error) {
        const rest = place(error.details?.fields, known);
        throw error.details?.fields ? new Error(rest || "Some fields need another look.") : error;
      }
    },
    onClose: () => {
      clearTimeout(timer);
      asking?.abort();
    },
  });
  dialog.element.classList.add("dialog--wide");
  type.addEventListener("change", build);
  box.addEventListener("input", soon);
  box.addEventListener("change", present);
  build();
}

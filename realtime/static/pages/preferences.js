/** What one wants to be told of, and by which ways: switches and thresholds, saved together. */

import { Intent, get, send } from "../client/api.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

/** path of the field -> what it is called */
const DOORS = [
  ["channels.inApp", "On this site", "in_app"],
  ["channels.email", "By e-mail", "email"],
  ["channels.webhook", "By webhook", "webhook"],
];
const KINDS = [
  ["financial.enabled", "Money and loans", "Health factors, liquidations, protection of your loans. Critical ones always come."],
  ["financial.interestMilestones", "Interest earned", "When what you earned passes a round sum."],
  ["financial.rateChanges", "Changed yields", "When a yield of yours moves by more than a percentage point."],
  ["auth.enabled", "Account", "Changed password, ended sessions, stream tokens."],
  ["auth.newLoginAlerts", "New devices", "When somebody signs in from a place not seen before."],
  ["governance.enabled", "Governance", "Your proposals, and those you voted on."],
];
const THRESHOLDS = [
  ["financial.healthFactorThresholds.caution", "Caution"],
  ["financial.healthFactorThresholds.danger", "Danger"],
  ["financial.healthFactorThresholds.critical", "Critical"],
];

const at = (object, path) => path.split(".").reduce((value, name) => value[name], object);

function put(object, path, value) {
  const names = path.split(".");
  const last = names.pop();
  names.reduce((place, name) => (place[name] ??= {}), object)[last] = value;
}

function toggle(path, title, hint, isOn) {
  const id = `pref-${path.replaceAll(".", "-")}`;
  const input = el("input", { type: "checkbox", role: "switch", id, "data-path": path, checked: isOn, "aria-describedby": hint ? `${id}-hint` : null });
  return el(
    "div",
    { class: "switch" },
    input,
    el("div", {}, el("label", { for: id }, title), hint ? el("p", { class: "note__small", id: `${id}-hint` }, hint) : ""),
  );
}

function number(path, title, value) {
  const id = `pref-${path.replaceAll(".", "-")}`;
  const error = el("span", { class: "field__error", id: `${id}-said` });
  const input = el("input", { id, inputmode: "decimal", autocomplete: "off", value: String(value), "data-path": path, "aria-describedby": `${id}-said` });
  return el("div", { class: "field" }, el("label", { for: id }, `${title}, at or below`), input, error);
}

function trial(door, title) {
  const button = el("button", { class: "button button--small", type: "button", "aria-label": `Send a test: ${title}` }, "Send a test");
  const intent = new Intent("/v1/notifications/preferences/test");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await intent.send({ channel: door });
      toast("The test is on its way.");
    } catch (error) {
      toast(error.message, { kind: "assertive" });
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

function group(title, ...content) {
  return el("fieldset", { class: "prefs__group" }, el("legend", {}, title), ...content);
}

/** Show the form in a place. */
export async function showPreferences(place) {
  let chosen;
  try {
    chosen = (await get("/v1/notifications/preferences")).data;
  } catch (error) {
    const again = el("button", { class: "button", type: "button" }, "Try again");
    again.addEventListener("click", () => showPreferences(place));
    place.replaceChildren(el("p", { role: "alert" }, error.message), again);
    return;
  }
  const save = el("button", { class: "button button--main", type: "submit" }, "Save");
  const said = el("p", { class: "alert", role: "alert", hidden: true });
  const form = el(
    "form",
    { class: "prefs", novalidate: true },
    group("Ways", ...DOORS.map(([path, title, door]) => el("div", { class: "prefs__door" }, toggle(path, title, "", at(chosen, path)), trial(door, title)))),
    group("What about", ...KINDS.map(([path, title, hint]) => toggle(path, title, hint, at(chosen, path)))),
    group(
      "Health factors that warn you",
      el("div", { class: "prefs__numbers" }, ...THRESHOLDS.map(([path, title]) => number(path, title, at(chosen, path)))),
      el("p", { class: "note__small" }, "They must fall: caution above danger above critical. What the market itself does is not moved by them."),
    ),
    said,
    el("div", { class: "acts" }, save),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, save, said);
  });
  place.replaceChildren(form);
}

async function submit(form, save, said) {
  const body = {};
  for (const input of form.querySelectorAll("[data-path]")) {
    const isSwitch = input.type === "checkbox";
    put(body, input.dataset.path, isSwitch ? input.checked : Number(input.value.trim()));
    if (!isSwitch) refuse(input, "");
  }
  said.hidden = true;
  save.disabled = true;
  setText(save, "Saving…");
  try {
    await send("PUT", "/v1/notifications/preferences", body);
    toast("Your preferences are saved.");
  } catch (error) {
    const rest = [];
    for (const [path, texts] of Object.entries(error.details?.fields ?? {})) {
      const input = form.querySelector(`input[data-path="${CSS.escape(path)}"]`);
      if (input && input.type !== "checkbox") refuse(input, texts.join(" "));
      else rest.push(texts.join(" "));
    }
    const told = error.details?.fields ? rest.join(" ") : error.message;
    setText(said, told && told.charAt(0).toUpperCase() + told.slice(1));
    said.hidden = told === "";
  } finally {
    save.disabled = false;
    setText(save, "Save");
  }
}

function refuse(input, text) {
  setText(input.nextElementSibling, text);
  setAttribute(input, "aria-invalid", String(text !== ""));
}

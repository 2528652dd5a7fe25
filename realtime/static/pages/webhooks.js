/** The caller's webhooks: adding one (its secret is shown once), switching, testing, what was sent. */

import { Intent, get, send } from "../client/api.js";
import { openDialog } from "../ui/dialog.js";
import { el, setText } from "../ui/dom.js";
import { Table } from "../ui/table.js";
import { age, moment } from "../ui/time.js";
import { toast } from "../ui/toast.js";

const PATH = "/v1/notifications/webhooks";
const PAGE = 20;
const STATES = { pending: ["Waits", "badge"], sending: ["On its way", "badge"], delivered: ["Delivered", "badge badge--good"], failed: ["Failed", "badge badge--bad"] };

const of = (id, more = "") => `${PATH}/${encodeURIComponent(id)}${more}`;
let table = null;

function button(text, label, act) {
  const made = el("button", { class: "button button--small", type: "button", "aria-label": `${text}: ${label}` }, text);
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await act();
    } catch (error) {
      toast(error.message, { kind: "assertive" });
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

function state(row) {
  const badge = row.isActive ? el("span", { class: "badge badge--good" }, "On") : el("span", { class: "badge badge--warn" }, "Off");
  const since = row.disabledAt ? el("small", {}, "since ", moment(row.disabledAt)) : "";
  return el("span", {}, badge, since);
}

function actions(row) {
  const { id, url, isActive } = row;
  return el(
    "span",
    { class: "table__actions" },
    button("Test", url, async () => {
      await new Intent(of(id, "/test")).send();
      toast("A test is on its way; see the deliveries.");
    }),
    button("Deliveries", url, () => showDeliveries(row)),
    button(isActive ? "Switch off" : "Switch on", url, async () => {
      await send("PATCH", of(id), { isActive: !isActive });
      await load();
    }),
    button("Delete", url, () => askToDelete(row)),
  );
}

function askToDelete({ id, url }) {
  openDialog({
    title: "Delete the webhook?",
    body: [el("p", { class: "code" }, url), el("p", {}, "Nothing is sent there any more, and the log of its deliveries goes with it.")],
    submit: "Delete",
    isDanger: true,
    onSubmit: async () => {
      await send("DELETE", of(id));
      await load();
    },
  });
}

async function load() {
  try {
    table.show((await get(PATH)).data);
  } catch (error) {
    table.fail(error.message, load);
  }
}

function openNew() {
  const intent = new Intent(PATH);
  const error = el("span", { class: "field__error", id: "webhook-said" });
  const input = el("input", { id: "webhook-url", type: "url", autocomplete: "off", placeholder: "https://…", "aria-describedby": "webhook-said" });
  openDialog({
    title: "Add a webhook",
    body: [
      el("div", { class: "field" }, el("label", { for: "webhook-url" }, "Address of your program"), input, error),
      el("p", { class: "note__small" }, "By https, on a public address. Answer with a status of 2xx within 10 seconds."),
    ],
    submit: "Add",
    onSubmit: async () => {
      setText(error, "");
      try {
        const { data } = await intent.send({ url: input.value.trim() });
        showSecret(data);
        load();
      } catch (problem) {
        const texts = problem.details?.fields?.url;
        setText(error, texts ? texts.join(" ") : "");
        throw texts ? new Error("The address is not taken.") : problem;
      }
    },
  });
}

/** Show the secret: the one time that it is told. */
function showSecret({ secret, url }) {
  const field = el("input", { id: "webhook-secret", class: "code", readonly: true, value: secret });
  const copy = el("button", { class: "button", type: "button" }, "Copy");
  const said = el("span", { role: "status", class: "note__small" });
  copy.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(secret);
      setText(said, "Copied.");
    } catch {
      setText(said, "Copy the marked text.");
    }
  });
  // After the dialog before has closed, so that this one stays.
  setTimeout(() => {
    openDialog({
      title: "The secret of your webhook",
      body: [
        el("p", {}, "Keep it now: it is shown this once. With it your program checks the header X-Dualis-Signature."),
        el("p", { class: "code" }, url),
        el("div", { class: "field" }, el("label", { for: "webhook-secret" }, "Secret"), el("div", { class: "secret" }, field, copy), said),
      ],
      submit: "I have kept it",
      onSubmit: async () => {},
    });
  }, 0);
}

async function showDeliveries({ id, url }) {
  const log = new Table({
    caption: `Deliveries to ${url}`,
    key: (row) => row.id,
    csv: "deliveries.csv",
    empty: "Nothing was sent yet. Try “Test”.",
    columns: [
      { key: "type", title: "What", cell: (row) => el("span", { class: "code" }, row.type), csv: (row) => row.type },
      { key: "state", title: "State", align: "start", cell: (row) => el("span", { class: STATES[row.state][1] }, STATES[row.state][0]), csv: (row) => row.state },
      { key: "tries", title: "Tries", cell: (row) => String(row.attempts), csv: (row) => row.attempts },
      { key: "answer", title: "Answer", cell: (row) => String(row.status ?? row.error ?? "–"), csv: (row) => row.status ?? row.error },
      { key: "at", title: "Made", cell: (row) => age(row.createdAt), csv: (row) => row.createdAt },
    ],
  });
  let rows = [];
  const read = async (offset = 0) => {
    try {
      const { data, pagination } = await get(of(id, "/deliveries"), { limit: PAGE, offset });
      rows = [...rows, ...data];
      log.show(rows);
      log.more(rows.length < pagination.total ? () => read(rows.length) : null);
    } catch (error) {
      log.fail(error.message, read);
    }
  };
  const dialog = openDialog({
    title: "Deliveries",
    body: [el("p", { class: "code" }, url), log.element],
    submit: "Done",
    onSubmit: async () => {},
  });
  dialog.element.classList.add("dialog--wide");
  await read();
}

/** Show the webhooks in a place. */
export function showWebhooks(place) {
  table = new Table({
    caption: "Webhooks",
    key: (row) => row.id,
    empty: "You have no webhook. Add one to have notifications sent to a program of yours.",
    columns: [
      { key: "url", title: "Address", cell: (row) => el("span", { class: "code" }, row.url) },
      { key: "state", title: "State", align: "start", cell: state },
      { key: "failures", title: "Failed in a row", cell: (row) => String(row.failures) },
      { key: "made", title: "Added", cell: (row) => moment(row.createdAt) },
      { key: "actions", title: "", cell: actions },
    ],
  });
  place.replaceChildren(table.element);
  document.querySelector("[data-new-webhook]").addEventListener("click", openNew);
  load();
}

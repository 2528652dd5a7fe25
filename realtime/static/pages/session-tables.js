/** Stream tokens and sessions: their tables, and the dialogs that make, revoke and end them. */

import { get, send } from "../client/api.js";
import { openDialog } from "../ui/dialog.js";
import { el } from "../ui/dom.js";
import { selectField, textField } from "../ui/field.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { age, moment } from "../ui/time.js";

const TOKENS = "/v1/auth/stream-tokens";
const SESSIONS = "/v1/auth/sessions";
const DAYS = [1, 7, 30];
const keep = (make) => (row, cell) => cell.firstChild ?? make(row);

function revokeButton(text, question, path, after) {
  const button = el("button", { class: "button button--small", type: "button" }, text);
  button.addEventListener("click", () =>
    openDialog({
      title: question,
      submit: text,
      isDanger: true,
      body: [el("p", {}, "Whatever uses it is cut off at once.")],
      onSubmit: async () => {
        await send("DELETE", path);
        await after();
      },
    }),
  );
  return button;
}

/** Fill both places, and let the two buttons act. */
export function showSessions({ tokens, sessions, create, everywhere }) {
  const tokenTable = new Table({
    caption: "Stream tokens",
    key: (row) => row.id,
    empty: "You have no token. Make one for a program that reads your streams.",
    columns: [
      { key: "name", title: "Name", sort: (row) => row.name, cell: (row) => row.name },
      { key: "made", title: "Made", sort: (row) => row.createdAt, cell: keep((row) => moment(row.createdAt)) },
      { key: "used", title: "Last used", cell: keep((row) => age(row.lastUsedAt)) },
      { key: "ends", title: "Ends", sort: (row) => row.expiresAt, cell: keep((row) => moment(row.expiresAt)) },
      {
        key: "actions-cell",
        title: "",
        cell: keep((row) => revokeButton("Revoke", `Revoke “${row.name}”?`, `${TOKENS}/${encodeURIComponent(row.id)}`, loadTokens)),
      },
    ],
  });
  const sessionTable = new Table({
    caption: "Sessions",
    key: (row) => row.id,
    columns: [
      {
        key: "device",
        title: "Device",
        sort: (row) => row.userAgent,
        cell: keep((row) => el("div", {}, row.kind === "browser" ? "Browser" : "Program", ...(row.current ? [" ", el("span", { class: "badge badge--good" }, "This one")] : []), el("small", {}, deviceOf(row.userAgent)))),
      },
      { key: "address", title: "Address", cell: (row) => row.address },
      { key: "since", title: "Since", sort: (row) => row.createdAt, cell: keep((row) => moment(row.createdAt)) },
      { key: "used", title: "Last used", sort: (row) => row.lastUsedAt, cell: keep((row) => age(row.lastUsedAt)) },
      {
        key: "actions-cell",
        title: "",
        cell: keep((row) => (row.current ? "" : revokeButton("End", "End this session?", `${SESSIONS}/${encodeURIComponent(row.id)}`, loadSessions))),
      },
    ],
  });
  tokens.append(tokenTable.element);
  sessions.append(sessionTable.element);

  const into = (table, path) => async function load() {
    try {
      table.show((await get(path)).data);
    } catch (error) {
      table.fail(error.message, load);
    }
  };
  const loadTokens = into(tokenTable, TOKENS);
  const loadSessions = into(sessionTable, SESSIONS);
  create.addEventListener("click", () => openToken(loadTokens));
  everywhere.addEventListener("click", openEverywhere);
  create.disabled = everywhere.disabled = false;
  loadTokens();
  loadSessions();
}

/** Say a user agent in a few words. */
function deviceOf(text) {
  const browser = text.match(/(Firefox|Edg|Chrome|Safari|curl|python-httpx)\/[\d.]+/)?.[1];
  const system = text.match(/Windows|Mac OS X|Android|iPhone|Linux/)?.[0];
  return [browser, system].filter(Boolean).join(", ") || text.slice(0, 40) || "Unknown";
}

function openToken(after) {
  const name = textField("Name", { maxlength: "60", placeholder: "Price logger" });
  const days = selectField("Ends after", DAYS.map((count) => [String(count), count === 1 ? "1 day" : `${count} days`]));
  days.input.value = "30";
  const dialog = openDialog({
    title: "New stream token",
    submit: "Make it",
    body: [name.element, days.element],
    onSubmit: async () => {
      const body = { name: name.input.value.trim(), expiresInDays: Number(days.input.value) };
      const { data } = await send("POST", "/v1/auth/stream-token", body);
      await after();
      setTimeout(() => showToken(data.token));
    },
  });
  const show = () => dialog.setReady(name.input.value.trim() !== "");
  name.input.addEventListener("input", show);
  show();
}

/** Show a token, this once; it is kept nowhere in the page. */
function showToken(token) {
  const field = textField("Token", { readonly: true, value: token });
  openDialog({
    title: "Your token",
    submit: "Copy and close",
    body: [el("p", {}, "Copy it now: it is not shown again. It reads streams and snapshots, and nothing else."), field.element],
    onSubmit: async () => {
      field.input.select();
      await navigator.clipboard.writeText(token);
      toast("The token is copied.");
    },
  });
}

function openEverywhere() {
  openDialog({
    title: "Sign out everywhere?",
    submit: "Sign out everywhere",
    isDanger: true,
    body: [el("p", {}, "Every session ends, this one and all stream tokens included.")],
    onSubmit: async () => {
      await send("POST", "/v1/auth/revoke-all-sessions");
      location.assign("/login");
    },
  });
}

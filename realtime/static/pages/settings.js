/** The settings of an account: rules that protect positions, tokens for programs, open sessions. */

import { follow } from "../client/follow.js";
import { watchTerms } from "../client/own.js";
import { showAgeOf } from "../ui/connection.js";
import { bind } from "../ui/table.js";
import "../ui/shell.js";
import { openRule, rulesTable } from "./protection-rules.js";
import { showSessions } from "./session-tables.js";

const at = (name) => document.querySelector(`[data-${name}]`);
const positions = follow("positions");
const rules = rulesTable(positions);
at("rules").append(rules.element);
bind(rules, positions, (rows) => rows.filter((row) => row.kind === "protection" && row.status === "active"));

let assets = null;
const add = at("add-rule");
const loans = () => positions.all().filter((row) => row.kind === "borrow" && row.status !== "closed");
const show = () => {
  add.disabled = assets === null || loans().length === 0;
};
positions.onChange(show);
watchTerms((terms) => {
  assets = terms.assets;
  show();
}, 60_000);
add.addEventListener("click", () => openRule(loans(), assets, positions));

showSessions({ tokens: at("tokens"), sessions: at("sessions"), create: at("add-token"), everywhere: at("everywhere") });
showAgeOf("positions");

/** The account's statement: filtered, page by page, and live at its top. */

import { get } from "../client/api.js";
import { follow } from "../client/follow.js";
import { assetLabel } from "../ui/asset.js";
import { showAgeOf } from "../ui/connection.js";
import * as decimal from "../ui/decimal.js";
import { el, pageData, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";
import { onMoved } from "./moved.js";
import { accountText, kindText, queryOf } from "./statement.js";

const PAGE = 50;
const NEWS_MS = 1_500; // after a change of the account, before the newest page is read again
const PATH = "/v1/user/statement";
const names = pageData("asset-names");
const at = (name) => document.querySelector(`[data-${name}]`);
const form = at("filters");

const keep = (make) => (row, cell) => cell.firstChild ?? make(row);
function signed(row) {
  const isOut = decimal.isNegative(row.amount);
  const size = isOut ? row.amount.slice(1) : row.amount;
  const text = `${isOut ? "−" : "+"}${format.exact(size)} ${row.asset}`;
  return el("span", { class: "tone", "data-direction": isOut ? "down" : "up" }, text);
}

const table = new Table({
  expected: 12,
  caption: "Statement",
  key: (row) => row.id,
  order: { by: "at", isDown: true },
  empty: "No entry fits. Clear the filters, or move some money first.",
  columns: [
    { key: "at", title: "Time", sort: (row) => Date.parse(row.at), cell: keep((row) => moment(row.at)) },
    { key: "type", title: "Type", align: "start", sort: (row) => row.type, cell: (row) => kindText(row.type) },
    { key: "account", title: "Account", align: "start", sort: (row) => row.account, cell: (row) => accountText(row.account) },
    { key: "amount", title: "Amount", sort: (row) => Number(row.amount), cell: keep(signed) },
    { key: "reference", title: "Reference", align: "start", cell: (row) => row.reference ?? row.memo ?? format.NOTHING },
  ],
});
at("statement").append(table.element);
const accruedTable = new Table({
  caption: "Interest not booked yet",
  key: (row) => row.account,
  empty: "Nothing accrues: you neither lend nor owe.",
  columns: [
    { key: "asset", title: "Asset", cell: keep((row) => assetLabel(row.asset, names[row.asset] ?? row.asset)) },
    { key: "account", title: "Account", align: "start", cell: (row) => accountText(row.account) },
    { key: "amount", title: "Interest", cell: signed },
  ],
});
at("accrued").append(accruedTable.element);

let rows = new Map(); // id -> entry, of the filters that hold
let cursor = null;
let asked = 0;

const query = () => queryOf(Object.fromEntries(new FormData(form)));

/** Read the newest page; `isFresh` forgets what was shown of other filters. */
async function load(isFresh) {
  asked += 1;
  const mine = asked;
  if (isFresh) table.loading();
  try {
    const answer = await get(PATH, { ...query(), limit: PAGE });
    if (mine !== asked) return;
    if (isFresh) {
      rows = new Map();
      cursor = answer.pagination.nextCursor;
    }
    take(answer);
    setText(at("count"), answer.pagination.total === 1 ? "1 entry" : `${answer.pagination.total} entries`);
  } catch (error) {
    if (mine === asked && isFresh) table.fail(`The statement cannot be shown: ${error.message}`, () => load(true));
  }
}

async function loadMore() {
  const mine = asked;
  try {
    const answer = await get(PATH, { ...query(), limit: PAGE, cursor });
    if (mine !== asked) return;
    cursor = answer.pagination.nextCursor;
    take(answer);
  } catch (error) {
    table.more(loadMore, error.message);
  }
}

function take({ data, accrued }) {
  for (const entry of data) if (!rows.has(entry.id)) rows.set(entry.id, entry);
  table.show([...rows.values()]);
  table.more(cursor === null ? null : loadMore);
  accruedTable.show(accrued);
}

function filter() {
  at("csv").href = `${PATH}?${new URLSearchParams({ format: "csv", ...query() })}`;
  load(true);
}

form.addEventListener("change", filter);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
form.addEventListener("reset", () => setTimeout(filter));

let timer = null;
onMoved(follow("positions"), () => {
  clearTimeout(timer);
  timer = setTimeout(() => load(false), NEWS_MS);
});
load(true);
showAgeOf("positions");

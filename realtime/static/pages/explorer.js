/** The explorer: newest blocks and transactions as they come, and one of each by its address. */

import { info, ledger } from "../client/ledger.js";
import { Rows } from "../client/rows.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import "../ui/shell.js";
import { bind, Table } from "../ui/table.js";
import { age, moment } from "../ui/time.js";

const MOST = 50; // rows of each list
const WORDS = { live: "Live", connecting: "Connecting", reconnecting: "Reconnecting", offline: "Offline" };

const find = (name) => document.querySelector(`[data-${name}]`);
const iso = (ms) => new Date(ms).toISOString();
const short = (text) => (text.length > 14 ? `${text.slice(0, 10)}…${text.slice(-4)}` : text);
const link = (kind, value, text = short(String(value))) =>
  el("a", { href: `/explorer?${kind}=${encodeURIComponent(value)}`, title: String(value) }, text);
const who = (user) => (user?.startsWith("0x") ? link("address", user) : (user ?? "…"));
/** `OrderPlaced` as people say it. */
const words = (type) => type.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

const blockColumns = [
  { key: "number", title: "Block", sort: (row) => row.blockNumber, csv: (row) => row.blockNumber, cell: (row) => link("block", row.blockNumber) },
  { key: "age", title: "Age", align: "start", csv: (row) => iso(row.timestamp), cell: (row) => age(iso(row.timestamp)) },
  { key: "count", title: "Transactions", sort: (row) => row.transactionCount, csv: (row) => row.transactionCount, cell: (row) => String(row.transactionCount) },
  { key: "hash", title: "Hash", csv: (row) => row.blockHash, cell: (row) => link("block", row.blockHash) },
];
const transactionColumns = [
  { key: "hash", title: "Transaction", csv: (row) => row.transactionId, cell: (row) => link("tx", row.transactionId) },
  { key: "type", title: "Type", align: "start", sort: (row) => row.type, csv: (row) => row.type, cell: (row) => words(row.type) },
  { key: "user", title: "Account", align: "start", sort: (row) => row.user ?? "", csv: (row) => row.user, cell: (row) => who(row.user) },
  { key: "block", title: "Block", sort: (row) => row.blockNumber + row.txIndex / 1e6, csv: (row) => row.blockNumber, cell: (row) => link("block", row.blockNumber) },
  { key: "age", title: "Age", csv: (row) => iso(row.timestamp), cell: (row) => age(iso(row.timestamp)) },
];
const transactionTable = (name, caption, tools) =>
  new Table({
    caption,
    columns: transactionColumns,
    key: (row) => row.transactionId,
    order: { by: "block", isDown: true },
    filter: true,
    csv: `${name}.csv`,
    tools,
    expected: tools && 12,
    empty: "There is no transaction here.",
  });

// --- the two lists ----------------------------------------------------------------------------------
const blocks = new Rows((row) => String(row.blockNumber));
const transactions = new Rows((row) => row.transactionId);
const blockTable = new Table({
  caption: "Blocks",
  columns: blockColumns,
  key: (row) => String(row.blockNumber),
  order: { by: "number", isDown: true },
  csv: "blocks.csv",
  tools: find("blocks-tools"),
  expected: 12,
  empty: "No block has been sealed yet.",
});
const latest = transactionTable("transactions", "Transactions", find("transactions-tools"));
find("blocks").append(blockTable.element);
find("transactions").append(latest.element);

const newest = (rows, order) => rows.sort((a, b) => order(b) - order(a)).slice(0, MOST);
const place = (row) => row.blockNumber * 1e4 + row.txIndex;

/** Keep no more than are shown. */
function trim(rows, order, key) {
  const kept = new Set(newest(rows.all(), order).map(key));
  for (const row of rows.all()) if (!kept.has(key(row))) rows.remove(key(row));
}

/** Read both lists: the stream says no account, and what passed while it was away is not repeated. */
async function load() {
  try {
    const [someBlocks, some] = await Promise.all([
      info({ type: "latestBlocks", limit: MOST }),
      info({ type: "latestTransactions", limit: MOST }),
    ]);
    for (const row of someBlocks) blocks.take(row);
    for (const row of some) transactions.take(row);
    blocks.settle();
    transactions.settle();
    trim(blocks, (row) => row.blockNumber, (row) => String(row.blockNumber));
    trim(transactions, place, (row) => row.transactionId);
  } catch (error) {
    if (!blocks.isReady) for (const table of [blockTable, latest]) table.fail(error.message, load);
  }
}

bind(blockTable, blocks, (all) => newest(all, (row) => row.blockNumber));
bind(latest, transactions, (all) => newest(all, place));
ledger.subscribe(
  { type: "newBlocks" },
  {
    onReady: load,
    onData: (row) => {
      blocks.take(row);
      if (!document.hidden) load();
      else trim(blocks, (one) => one.blockNumber, (one) => String(one.blockNumber));
    },
  },
);
ledger.subscribe(
  { type: "newTransactions" },
  {
    onData: (row) => {
      transactions.take({ ...transactions.get(row.transactionId), ...row });
      if (transactions.size > 4 * MOST) trim(transactions, place, (one) => one.transactionId);
    },
  },
);
ledger.onStatus(({ state }) => {
  setText(find("explorer-state"), WORDS[state] ?? "Not connected");
  setAttribute(find("explorer"), "data-ledger", state);
});
ledger.start();
load();

// --- one of them ------------------------------------------------------------------------------------
const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
const facts = (...lines) => el("dl", { class: "facts explorer__facts" }, ...lines);

function show(title, ...body) {
  setText(find("found-title"), title);
  find("found-body").replaceChildren(...body);
  find("found").hidden = false;
}

function listed(name, caption, rows) {
  const table = transactionTable(name, caption);
  table.show(rows);
  return table.element;
}

async function showBlock(value) {
  const isNumber = /^\d+$/.test(value);
  const block = await info(isNumber ? { type: "blockByNumber", blockNumber: Number(value) } : { type: "blockByHash", hash: value });
  show(
    `Block ${block.blockNumber}`,
    facts(
      fact("Sealed", moment(iso(block.timestamp))),
      fact("Hash", block.blockHash),
      fact("Parent", block.blockNumber > 1 ? link("block", block.parentHash, block.parentHash) : block.parentHash),
      fact("Transactions", String(block.transactionCount)),
    ),
    listed(`block-${block.blockNumber}`, `Transactions of block ${block.blockNumber}`, block.transactions),
  );
}

async function showTransaction(hash) {
  const row = await info({ type: "transactionByHash", hash });
  show(
    words(row.type),
    facts(
      fact("Time", moment(iso(row.timestamp))),
      fact("Hash", row.transactionId),
      fact("Account", row.user.startsWith("0x") ? link("address", row.user, row.user) : row.user),
      fact("Block", link("block", row.blockNumber)),
      fact("Place in it", String(row.txIndex)),
    ),
    el("pre", { class: "explorer__data", tabindex: "0" }, JSON.stringify(row.data, null, 2)),
  );
}

async function showAddress(address) {
  const user = address.toLowerCase();
  const [role, rows] = await Promise.all([info({ type: "userRole", user }), info({ type: "transactionsByUser", user, limit: 100 })]);
  const roles = { user: "A margin account", agent: "An agent", missing: "No account of this ledger" };
  show(
    short(address),
    facts(fact("Address", address), fact("Is", roles[role.role] ?? role.role)),
    listed("address", `Transactions of ${address}`, rows),
  );
}

async function look() {
  const query = new URLSearchParams(location.search);
  const [kind, value] = [...query].find(([name]) => ["block", "tx", "address"].includes(name)) ?? [];
  if (!kind) return;
  try {
    await { block: showBlock, tx: showTransaction, address: showAddress }[kind](value);
  } catch (error) {
    show("Not found", el("p", { class: "empty", role: "alert" }, error.message));
  }
}

find("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = event.target.elements.q.value.trim();
  setText(find("search-note"), "");
  if (/^\d+$/.test(text)) location.href = `/explorer?block=${text}`;
  else if (/^0x[0-9a-f]{64}$/i.test(text)) location.href = `/explorer?${await kindOf(text)}=${text}`;
  else if (/^0x[0-9a-f]+$/i.test(text)) location.href = `/explorer?address=${text}`;
  else setText(find("search-note"), "This is no block number, hash or address.");
});

/** A hash of 64 digits is a transaction's or a block's. */
const kindOf = (hash) => info({ type: "transactionByHash", hash }).then(() => "tx", () => "block");

look();

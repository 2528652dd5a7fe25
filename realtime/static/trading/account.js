/**
 * What belongs to the account: its summary, positions, open orders and fills, each kept by its stream.
 *
 * Lists that a day makes long are bounded. Knows streams and rows. Knows nothing of elements.
 */

import { info, ledger } from "../client/ledger.js";
import { Rows } from "../client/rows.js";

export const MOST_FILLS = 200;
const ACTIVE = new Set(["pending", "open", "partial", "waitingForTrigger"]);

export class Account {
  orders = new Rows((row) => row.oid);
  fills = new Rows((row) => String(row.tid) + row.oid);
  summary = null;
  leverages = new Map(); // coin -> leverage
  #listeners = new Set();

  /** Follow an address's streams; `report(message)` hears what could not be read. */
  constructor(address, coins, report) {
    const user = address;
    ledger.subscribe({ type: "accountSummary", user }, { onData: (data) => this.#takeSummary(data.summary) });
    for (const coin of coins) {
      ledger.subscribe(
        { type: "activeAssetData", user, coin },
        {
          onData: (data) => {
            this.leverages.set(data.coin, data.leverage);
            this.#tell();
          },
        },
      );
    }
    this.#followOrders(user);
    ledger.subscribe(
      { type: "userFills", user },
      {
        onData: ({ fills }) => this.#takeFills(fills),
        onReady: () =>
          info({ type: "userFills", user })
            .then((fills) => {
              this.#takeFills(fills.slice(0, MOST_FILLS).reverse());
              this.fills.settle();
            })
            .catch((error) => report(error.message)),
      },
    );
    ledger.subscribe(
      { type: "userOrderRejections", user },
      { onData: ({ rejections }) => rejections.forEach(({ coin, reason }) => report(`${coin}: ${reason}`)) },
    );
  }

  /** Call `listener()` when summary or leverage have changed; return the function that ends it. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }

  #takeSummary(summary) {
    this.summary = summary;
    this.#tell();
  }

  #followOrders(user) {
    let hasSnapshot = false;
    ledger.subscribe(
      { type: "orderUpdates", user },
      {
        onReset: () => {
          hasSnapshot = false;
        },
        onData: ({ isSnapshot, orders }) => {
          const rows = orders.map(({ order, ...rest }) => ({ ...order, ...rest }));
          if (isSnapshot) {
            hasSnapshot = true;
            this.orders.replace(rows);
          } else {
            for (const row of rows) {
              if (ACTIVE.has(row.status)) this.orders.take(row);
              else this.orders.remove(row.oid);
            }
          }
        },
        // without active orders there is no snapshot
        onReady: () => hasSnapshot || this.orders.replace([]),
      },
    );
  }

  #takeFills(fills) {
    for (const fill of fills) this.fills.take(fill);
    const all = this.fills.all();
    if (all.length <= MOST_FILLS) return;
    const old = all.sort((a, b) => a.time - b.time).slice(0, all.length - MOST_FILLS);
    for (const fill of old) this.fills.remove(String(fill.tid) + fill.oid);
  }
}

/**
 * What belongs to the account: its summary, positions, open and TWAP orders and fills, each kept by its stream.
 *
 * Lists that a day makes long are bounded. Knows streams and rows. Knows nothing of elements.
 */

import { info, ledger } from "../client/ledger.js";
import { Rows } from "../client/rows.js";

export const MOST_FILLS = 200;
const MOST_TWAPS = 50;
const ACTIVE = new Set(["pending", "open", "partial", "waitingForTrigger"]);

/** Tell whether slices of a TWAP order are still to come. */
export const isRunning = ({ status }) => status === "pending" || status === "active";

export class Account {
  orders = new Rows((row) => row.oid);
  fills = new Rows((row) => String(row.tid) + row.oid);
  twaps = new Rows((row) => row.twapId); // the running ones, and the newest that have ended
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
      { type: "twapUpdates", user },
      {
        onData: ({ twaps }) => this.#takeTwaps(twaps),
        onReady: () =>
          info({ type: "twapListHistory", user })
            .then((twaps) => {
              this.#takeTwaps(twaps);
              this.twaps.settle();
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

  /** A list may be older than what the stream has told: the newer state of an order stays. */
  #takeTwaps(twaps) {
    for (const twap of twaps) {
      const held = this.twaps.get(twap.twapId);
      if (!held || held.updatedAt <= twap.updatedAt) this.twaps.take(twap);
    }
    const ended = this.twaps.all().filter((twap) => !isRunning(twap));
    ended.sort((a, b) => b.updatedAt - a.updatedAt);
    for (const old of ended.slice(MOST_TWAPS)) this.twaps.remove(old.twapId);
  }

  #takeFills(fills) {
    for (const fill of fills) this.fills.take(fill);
    const all = this.fills.all();
    if (all.length <= MOST_FILLS) return;
    const old = all.sort((a, b) => a.time - b.time).slice(0, all.length - MOST_FILLS);
    for (const fill of old) this.fills.remove(String(fill.tid) + fill.oid);
  }
}

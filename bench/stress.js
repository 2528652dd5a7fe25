// Runs a page at many times its speed: its clocks and timers, and what its sockets bring.
//
// What the real server says of a channel's rows is said again and again, a little moved; events, which
// replace nothing, are made up. SPEED stands before this text.
const real = {
  now: performance.now.bind(performance),
  timeout: window.setTimeout.bind(window),
  interval: window.setInterval.bind(window),
  Socket: window.WebSocket,
  Date: window.Date,
};
const begunAt = real.Date.now();
const begun = real.now();
performance.now = () => begun + (real.now() - begun) * SPEED;
window.Date = class extends real.Date {
  constructor(...given) {
    super(...(given.length > 0 ? given : [window.Date.now()]));
  }
  static now() {
    return begunAt + (real.Date.now() - begunAt) * SPEED;
  }
};
window.setTimeout = (act, ms = 0, ...given) => real.timeout(act, ms / SPEED, ...given);
window.setInterval = (act, ms = 0, ...given) => real.interval(act, ms / SPEED, ...given);

const MOVED = { prices: /^price$/, pools: /^(utilization|\w+APY|tvlUSD)$/, positions: /USD$|^healthFactor$/ };
const EVERY_S = { prices: 1, positions: 1, accountSummary: 1, activeAssetData: 1, pools: 5 };
const FILLS = 200; // that the account has already

function moved(row, fields) {
  const factor = 1 + (Math.random() - 0.5) / 500;
  const entries = Object.entries(row).map(([name, value]) => {
    if (!fields.test(name) || value === null) return [name, value];
    if (typeof value === "number") return [name, value * factor];
    return [name, (Number(value) * factor).toFixed(value.split(".")[1]?.length ?? 0)];
  });
  return Object.fromEntries(entries);
}

window.told = 0; // frames made here
window.WebSocket = class extends real.Socket {
  #rows = new Map(); // what the server said last of each row, as frames
  #wanted = new Set();
  #user = null;
  #count = 0;
  #orders = [];

  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => this.#note(JSON.parse(data)));
    const timer = window.setInterval(() => this.#second(), 1_000);
    this.addEventListener("close", () => clearInterval(timer));
  }

  send(text) {
    const { type, method, channel, subscription } = JSON.parse(text);
    if (type === "subscribe") this.#wanted.add(channel);
    if (method === "subscribe") this.#wanted.add(subscription.type);
    this.#user ??= subscription?.user?.toLowerCase() ?? null;
    super.send(text);
  }

  #note(frame) {
    if (!(frame.channel in EVERY_S) || !frame.data) return;
    const { snapshot, ...data } = frame.data;
    const { asset, poolId, positionId, ruleId, kind, coin } = data;
    this.#rows.set([frame.channel, asset, poolId, positionId, ruleId, kind, coin].join(), { ...frame, data });
  }

  #second() {
    this.#count += 1;
    for (const frame of this.#rows.values()) {
      if (this.#count % EVERY_S[frame.channel] === 0) this.#state(frame);
    }
    const every = (seconds, channel, act) => this.#count % seconds === 0 && this.#wanted.has(channel) && act();
    every(10, "liquidations", () => this.#event("liquidations", { liquidationId: `liq_${this.#count}`, stage: "auction_started" }));
    every(60, "governance", () => this.#event("governance", { proposalId: "prop_1", event: "VOTE_CAST", voteId: this.#count }));
    every(60, "notifications", () => this.#notify());
    every(5, "userFills", () => this.#trade());
  }

  #state(frame) {
    const { channel, data } = frame;
    const fields = MOVED[channel];
    if (fields) this.#say({ ...frame, timestamp: new Date().toISOString(), data: moved(data, fields) });
    else if (data.summary) this.#say({ channel, data: { ...data, summary: moved(data.summary, /accountValue/) } });
    else this.#say({ channel, data });
  }

  #event(channel, data) {
    const seq = [...this.#rows.values()].reduce((most, one) => Math.max(most, one.seq ?? 0), 0);
    this.#say({ type: "data", channel, seq, timestamp: new Date().toISOString(), data });
  }

  #notify() {
    const id = `ntf_${this.#count}`;
    const words = { title: "Test notification", message: "Sent by the stress source.", link: null };
    const kind = { severity: "info", category: "system", type: "TEST" };
    this.#event("notifications", { id, ...kind, ...words, readAt: null, createdAt: new Date().toISOString() });
    this.#event("notifications", { event: "unread_count", count: this.#count / 60 });
  }

  /** An order is taken, and the one before it is filled. */
  #trade() {
    const fills = this.#count === 5 ? Array.from({ length: FILLS }, (_, i) => this.#fill(i)) : [];
    fills.push(this.#fill(FILLS + this.#count));
    this.#say({ channel: "userFills", data: { user: this.#user, fills } });
    const order = { coin: "ETH", side: "B", limitPx: "1000", sz: "1", origSz: "1", oid: `sim-${this.#count}`, timestamp: Date.now(), orderType: "limit", tif: "Gtc", reduceOnly: false, isTrigger: false };
    const orders = [...this.#orders.map((one) => ({ order: one, status: "filled" })), { order, status: "open" }];
    this.#say({ channel: "orderUpdates", data: { user: this.#user, orders } });
    this.#orders = [order];
  }

  #fill(number) {
    const money = { px: "1000.5", sz: "0.1", fee: "0.05", closedPnl: "1.5" };
    return { ...money, tid: number, oid: `sim-${number}`, time: Date.now(), coin: "ETH", side: "B", dir: "Open Long", hash: `0x${String(number).padStart(64, "0")}` };
  }

  #say(frame) {
    window.told += 1;
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
};

import assert from "node:assert/strict";
import { test } from "node:test";

import { NotionalStream, OPEN_MS, PING_MS, PONG_MS } from "../../realtime/static/client/notional.js";
import { FakeClock, FakeSocket } from "./fakes.mjs";

const USER = "0xAb12";

class World {
  clock = new FakeClock();
  sockets = [];
  errors = [];
  told = [];
  isOnline = true;

  constructor() {
    const world = this;
    this.stream = new NotionalStream({
      url: "ws://test/ws",
      Socket: class extends FakeSocket {
        constructor(url) {
          super(url);
          world.sockets.push(this);
        }
      },
      clock: this.clock,
      random: () => 0.5,
      isOnline: () => this.isOnline,
      report: (error) => this.errors.push(error.message),
    });
  }

  get socket() {
    return this.sockets.at(-1);
  }

  follow(subscription) {
    return this.stream.subscribe(subscription, {
      onReset: () => this.told.push("reset"),
      onData: (data) => this.told.push(data),
      onReady: () => this.told.push("ready"),
    });
  }

  accept() {
    this.socket.open();
    this.pong();
  }

  pong() {
    this.socket.say({ channel: "pong" });
  }

  methods() {
    return this.socket.sent.map(({ method, subscription }) => subscription?.type ?? method);
  }
}

test("what is followed is subscribed on opening, and ready once a pong has come", () => {
  const world = new World();
  world.follow({ type: "orderUpdates", user: USER });
  world.stream.start();
  world.socket.open();
  assert.deepEqual(world.methods(), ["orderUpdates", "ping"]);
  assert.deepEqual(world.told, ["reset"]);
  assert.equal(world.stream.status.state, "connecting");
  const snapshot = { user: USER.toLowerCase(), isSnapshot: true, orders: [] };
  world.socket.say({ channel: "subscriptionResponse", data: {} });
  world.socket.say({ channel: "orderUpdates", data: snapshot });
  world.pong();
  assert.deepEqual(world.told, ["reset", snapshot, "ready"]);
  assert.equal(world.stream.status.state, "live");
});

test("a stream that is followed later gets its own reset and ready", () => {
  const world = new World();
  world.stream.start();
  world.accept();
  world.follow({ type: "newBlocks" });
  assert.deepEqual(world.told, ["reset"]);
  world.socket.say({ channel: "newBlocks", data: { blockNumber: 1 } });
  world.pong();
  assert.deepEqual(world.told, ["reset", { blockNumber: 1 }, "ready"]);
});

test("data of another account or coin is not handed over", () => {
  const world = new World();
  world.follow({ type: "activeAssetData", user: USER, coin: "eth" });
  world.stream.start();
  world.accept();
  world.told = [];
  for (const data of [
    { user: "0xother", coin: "ETH" },
    { user: USER.toLowerCase(), coin: "BTC" },
    { user: USER.toLowerCase(), coin: "ETH" },
  ]) {
    world.socket.say({ channel: "activeAssetData", data });
  }
  assert.deepEqual(world.told.map(({ coin }) => coin), ["ETH"]);
});

test("an ended subscription is unsubscribed and hears nothing more", () => {
  const world = new World();
  const end = world.follow({ type: "newBlocks" });
  world.stream.start();
  world.accept();
  end();
  end();
  assert.deepEqual(world.socket.sent.at(-1).method, "unsubscribe");
  assert.equal(world.socket.sent.filter(({ method }) => method === "unsubscribe").length, 1);
  world.told = [];
  world.socket.say({ channel: "newBlocks", data: {} });
  assert.deepEqual(world.told, []);
});

test("the same stream is not followed twice", () => {
  const world = new World();
  world.follow({ type: "userFills", user: "0xAB" });
  assert.throws(() => world.follow({ type: "userFills", user: "0xab" }), RangeError);
});

test("it pings within the server's 60 s of silence, and a missing pong ends the connection", async () => {
  const world = new World();
  world.stream.start();
  world.accept();
  const pings = () => world.socket.sent.filter(({ method }) => method === "ping").length;
  await world.clock.pass(PING_MS);
  assert.equal(pings(), 2);
  world.pong();
  await world.clock.pass(PING_MS);
  assert.equal(pings(), 3);
  await world.clock.pass(PONG_MS);
  assert.equal(world.stream.status.state, "reconnecting");
  assert.equal(world.sockets[0].isClosedByClient, true);
});

test("after a drop it comes back, starts everything again and ignores the old socket", async () => {
  const world = new World();
  world.follow({ type: "newBlocks" });
  world.stream.start();
  world.accept();
  const old = world.socket;
  old.drop(1012);
  await world.clock.pass(1_000);
  assert.equal(world.sockets.length, 2);
  world.accept();
  assert.deepEqual(world.told, ["reset", "ready", "reset", "ready"]);
  old.say({ channel: "newBlocks", data: { blockNumber: 9 } });
  assert.equal(world.told.length, 4);
  assert.equal(world.stream.status.state, "live");
});

test("a connection that never answers is given up", async () => {
  const world = new World();
  world.stream.start();
  world.socket.open();
  await world.clock.pass(OPEN_MS);
  assert.equal(world.stream.status.state, "reconnecting");
});

test("without a network it says so, and a stop leaves no timer", async () => {
  const world = new World();
  world.stream.start();
  world.isOnline = false;
  world.socket.drop();
  assert.equal(world.stream.status.state, "offline");
  world.stream.check();
  assert.equal(world.sockets.length, 2);
  world.stream.stop();
  assert.equal(world.clock.pending, 0);
  assert.equal(world.stream.status.state, "idle");
});

test("a slow link is no dead one: while anything comes, the pong may be behind it", async () => {
  const world = new World();
  world.stream.start();
  world.socket.open();
  await world.clock.pass(OPEN_MS - 1);
  world.socket.say({ channel: "newBlocks", data: {} });
  await world.clock.pass(OPEN_MS - 1);
  world.pong();
  assert.equal(world.stream.status.state, "live");
  world.stream.check();
  for (let i = 0; i < 3; i += 1) {
    await world.clock.pass(PONG_MS - 1);
    world.socket.say({ channel: "newBlocks", data: {} });
  }
  assert.equal(world.sockets.length, 1);
  await world.clock.pass(2 * PONG_MS);
  assert.equal(world.stream.status.state, "reconnecting");
});

test("a network that is back is believed while the next try runs", () => {
  const world = new World();
  world.stream.start();
  world.isOnline = false;
  world.socket.drop();
  world.isOnline = true;
  world.stream.check();
  assert.equal(world.stream.status.state, "reconnecting");
});

test("a wake-up asks a live connection for a sign of life at once", () => {
  const world = new World();
  world.stream.start();
  world.accept();
  const before = world.socket.sent.length;
  world.stream.check();
  assert.equal(world.socket.sent.length, before + 1);
});

test("an error of the server and a handler that throws are reported; the stream goes on", () => {
  const world = new World();
  world.stream.subscribe({ type: "newBlocks" }, { onData: () => { throw new Error("mine"); } });
  world.stream.start();
  world.accept();
  world.socket.say({ channel: "newBlocks", data: {} });
  world.socket.say({ channel: "error", data: { message: "theirs" } });
  world.socket.say("no json");
  assert.deepEqual(world.errors, ["mine", "theirs"]);
  assert.equal(world.stream.status.state, "live");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { LIMITED_MS, OPEN_MS, PONG_MS, QUIET_MS } from "../../realtime/static/client/stream.js";
import { SignedOut } from "../../realtime/static/client/tokens.js";
import { World, acknowledged, notebook, price, settled } from "./fakes.mjs";

test("a connection authenticates first and subscribes after the answer", async () => {
  const world = new World();
  world.stream.subscribe("prices", { assets: ["ETH"] });
  world.stream.start();
  await settled();
  world.socket.open();
  assert.deepEqual(world.socket.sent, [{ type: "auth", token: "token-1" }]);
  world.socket.say({ type: "auth", status: "ok", userId: "usr_1" });
  assert.deepEqual(world.socket.sent[1], {
    type: "subscribe",
    channel: "prices",
    params: { assets: ["ETH"], seq: true },
  });
  assert.deepEqual(world.statuses.map((s) => s.state), ["idle", "connecting", "live"]);
});

test("the token is in no address", async () => {
  const world = new World();
  await world.live();
  assert.equal(world.socket.url, "ws://test/v1/ws");
});

test("everything is subscribed again after a reconnect", async () => {
  const world = new World();
  world.stream.subscribe("prices");
  world.stream.subscribe("notifications");
  await world.live();
  world.socket.drop(1012);
  assert.equal(world.state, "reconnecting");
  await world.comeBack();
  assert.deepEqual(
    world.socket.of("subscribe").map((message) => message.channel),
    ["prices", "notifications"],
  );
  assert.equal(world.state, "live");
});

test("a server that accepts and drops is not hammered", async () => {
  const world = new World();
  world.stream.start();
  const waits = [];
  for (let i = 0; i < 8; i += 1) {
    await world.accept();
    const droppedAt = world.clock.now();
    world.socket.drop();
    waits.push(Math.round(world.stream.status.retryAt - droppedAt));
    await world.clock.pass(waits.at(-1));
  }
  assert.deepEqual(waits, [499, 999, 1999, 3999, 7999, 15999, 29999, 29999]);
});

test("a connection that has lasted clears the back-off", async () => {
  const world = new World();
  world.stream.start();
  for (let i = 0; i < 5; i += 1) {
    await world.accept();
    world.socket.drop();
    await world.clock.pass(31_000);
  }
  await world.accept();
  await world.clock.pass(10_000);
  world.socket.drop();
  assert.equal(Math.round(world.stream.status.retryAt - world.clock.now()), 499);
});

test("a server that never answers auth is given up", async () => {
  const world = new World();
  world.stream.start();
  await settled();
  world.socket.open();
  await world.clock.pass(OPEN_MS);
  assert.ok(world.sockets[0].isClosedByClient);
  assert.equal(world.state, "reconnecting");
});

test("a network failure while asking for the token is retried", async () => {
  const world = new World();
  world.tokenError = new TypeError("fetch failed");
  world.stream.start();
  await settled();
  assert.equal(world.state, "reconnecting");
  assert.equal(world.sockets.length, 0);
  world.tokenError = null;
  await world.comeBack();
  assert.equal(world.state, "live");
});

test("4002 with a fresh token to be had goes on with it", async () => {
  const world = new World();
  await world.live();
  world.socket.drop(4002);
  await world.comeBack();
  assert.deepEqual(world.socket.of("auth"), [{ type: "auth", token: "token-2" }]);
  assert.equal(world.state, "live");
});

test("4002 without a token to be had is the end: signed out, no timer, no socket", async () => {
  const world = new World();
  await world.live();
  world.tokenError = new SignedOut();
  world.socket.drop(4002);
  await world.clock.pass(31_000);
  assert.equal(world.state, "signed-out");
  assert.equal(world.clock.pending, 0);
  await world.clock.pass(600_000);
  world.stream.check();
  assert.equal(world.sockets.length, 1);
});

test("4003 is a fault of the page: no reconnect", async () => {
  const world = new World();
  await world.live();
  world.socket.drop(4003);
  assert.equal(world.state, "failed");
  assert.equal(world.clock.pending, 0);
});

test("4004 waits longer than anything else", async () => {
  const world = new World();
  world.random = 0;
  await world.live();
  world.socket.drop(4004);
  assert.equal(world.stream.status.retryAt - world.clock.now(), LIMITED_MS);
});

test("silence is asked for a sign of life, and a half-open socket given up", async () => {
  const world = new World();
  await world.live();
  await world.clock.pass(QUIET_MS);
  assert.equal(world.socket.of("ping").length, 1);
  await world.clock.pass(PONG_MS);
  assert.ok(world.sockets[0].isClosedByClient);
  assert.equal(world.state, "reconnecting");
});

test("an answered ping keeps the connection", async () => {
  const world = new World();
  await world.live();
  for (let second = 0; second < 240; second += 1) {
    const answered = world.socket.of("ping").length;
    await world.clock.pass(1_000);
    if (world.socket.of("ping").length > answered) world.socket.say({ type: "pong" });
  }
  assert.equal(world.state, "live");
  assert.equal(world.sockets.length, 1);
  assert.ok(world.socket.of("ping").length >= 10);
});

test("data is a sign of life: a busy connection is not pinged", async () => {
  const world = new World();
  world.stream.subscribe("prices");
  await world.live();
  for (let i = 0; i < 60; i += 1) {
    await world.clock.pass(1_000);
    world.socket.say(price("ETH", "1.00"));
  }
  assert.equal(world.socket.of("ping").length, 0);
});

test("waking up asks at once", async () => {
  const world = new World();
  await world.live();
  world.clock.time += 3_600_000; // asleep: timers did not run
  world.stream.check();
  assert.equal(world.socket.of("ping").length, 1);
  await world.clock.pass(PONG_MS);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.state, "reconnecting");
});

test("the network coming back ends the wait", async () => {
  const world = new World();
  await world.live();
  world.isOnline = false;
  world.socket.drop();
  assert.equal(world.state, "offline");
  world.isOnline = true;
  world.stream.check();
  assert.equal(world.state, "reconnecting", "the network is back, the server not yet");
  await world.accept();
  assert.equal(world.state, "live");
});

test("what an abandoned socket still says is ignored", async () => {
  const world = new World();
  const book = notebook();
  world.stream.subscribe("prices", {}, book.handlers);
  await world.live();
  const [old] = world.sockets;
  world.stream.start();
  await world.accept();
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  old.say(price("ETH", "1.00"));
  old.drop(4003);
  assert.deepEqual(book.rows, []);
  assert.equal(world.state, "live");
});

test("frames of unknown form harm nothing", async () => {
  const world = new World();
  await world.live();
  for (const frame of ["{", "null", "5", "[]", '{"type":"news"}', '{"type":"data"}']) {
    world.socket.say(frame);
  }
  world.socket.say({ type: "data", channel: "prices", data: { asset: "ETH" } });
  assert.equal(world.state, "live");
  assert.deepEqual(world.errors, []);
});

test("a listener that throws is reported and the rest goes on", async () => {
  const world = new World();
  world.stream.onStatus(({ state }) => {
    if (state === "live") throw new Error("mine");
  });
  world.stream.subscribe("prices");
  await world.live();
  assert.equal(world.errors.length, 1);
  assert.equal(world.socket.of("subscribe").length, 1);
});

test("stopping leaves neither socket nor timer", async () => {
  const world = new World();
  await world.live();
  world.stream.stop();
  assert.ok(world.socket.isClosedByClient);
  assert.equal(world.clock.pending, 0);
  assert.equal(world.state, "idle");
});

test("an unknown channel is refused before it reaches the wire", () => {
  assert.throws(() => new World().stream.subscribe("weather"), RangeError);
});

test("a server that restarts says over how long its clients come back", async () => {
  const world = new World();
  await world.live();
  world.socket.say({ type: "error", code: 1012, message: "restart", reconnectWithinMs: 5_000 });
  const droppedAt = world.clock.now();
  world.socket.drop(1012);
  assert.equal(Math.round(world.stream.status.retryAt - droppedAt), 4_999);
  await world.clock.pass(5_000);
  await world.accept();
  const again = world.clock.now();
  world.socket.drop(1012);
  assert.ok(world.stream.status.retryAt - again < 1_000, "it was said of that restart alone");
});

test("a hint that is no number is none", async () => {
  const world = new World();
  await world.live();
  world.socket.say({ type: "error", code: 1012, message: "restart", reconnectWithinMs: "soon" });
  const droppedAt = world.clock.now();
  world.socket.drop(1012);
  assert.equal(Math.round(world.stream.status.retryAt - droppedAt), 499);
});

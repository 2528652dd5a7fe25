import assert from "node:assert/strict";
import { test } from "node:test";

import { SignedOut } from "../../realtime/static/client/tokens.js";
import { World, settled } from "./fakes.mjs";

test("the token is renewed on the live socket before it ends", async () => {
  const world = new World();
  await world.live();
  const beat = () => world.socket.say({ type: "pong" });
  for (let i = 0; i < 53; i += 1) {
    await world.clock.pass(15_000); // 795 s of 900 s
    beat();
  }
  assert.equal(world.socket.of("auth").length, 1);
  await world.clock.pass(15_000);
  assert.deepEqual(world.socket.of("auth").at(-1), { type: "auth", token: "token-2" });
  world.socket.say({ type: "auth", status: "ok", userId: "usr_1" });
  assert.equal(world.sockets.length, 1);
  assert.equal(world.state, "live");
});

test("TOKEN_EXPIRING brings a fresh token, without subscribing again", async () => {
  const world = new World();
  world.stream.subscribe("prices");
  await world.live();
  world.socket.say({ type: "error", code: "TOKEN_EXPIRING", message: "" });
  await settled();
  world.socket.say({ type: "auth", status: "ok", userId: "usr_1" });
  assert.deepEqual(world.socket.of("auth").at(-1), { type: "auth", token: "token-2" });
  assert.equal(world.socket.of("subscribe").length, 1);
  assert.equal(world.statuses.filter(({ state }) => state === "live").length, 1);
});

test("two reasons to renew at a time ask for one token", async () => {
  const world = new World();
  await world.live();
  world.socket.say({ type: "error", code: "TOKEN_EXPIRING", message: "" });
  world.socket.say({ type: "error", code: "TOKEN_EXPIRING", message: "" });
  await settled();
  assert.equal(world.tokensGiven, 2);
});

test("a token that comes after its socket has gone is not said on the next one", async () => {
  const world = new World();
  await world.live();
  let open;
  world.tokenGate = new Promise((resolve) => {
    open = resolve;
  });
  world.socket.say({ type: "error", code: "TOKEN_EXPIRING", message: "" });
  world.socket.drop();
  await world.clock.pass(500);
  world.socket.open();
  open();
  await settled();
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(world.socket.of("auth"), [{ type: "auth", token: "token-1" }]);
});

test("a renewal that fails is tried again; one that is refused signs out", async () => {
  const world = new World();
  await world.live();
  world.tokenError = new TypeError("fetch failed");
  world.socket.say({ type: "error", code: "TOKEN_EXPIRING", message: "" });
  await settled();
  assert.equal(world.state, "live");
  world.tokenError = new SignedOut();
  await world.clock.pass(5_000);
  assert.equal(world.state, "signed-out");
  assert.ok(world.socket.isClosedByClient);
});

test("another user's sign-in ends the page of the first", async () => {
  const world = new World();
  await world.live();
  world.userId = "usr_2";
  world.socket.drop(4002);
  await world.clock.pass(31_000);
  assert.deepEqual(
    [world.state, world.stream.status.reason, world.sockets.length],
    ["signed-out", "user-changed", 1],
  );
});

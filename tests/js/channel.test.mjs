import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_EVENTS } from "../../realtime/static/client/channel.js";
import { CHANNELS } from "../../realtime/static/client/channels.js";
import { World, acknowledged, notebook, price, row } from "./fakes.mjs";

const notice = (id, seq, more = {}) => row("notifications", { id, category: "system", ...more }, seq);

async function subscribed(channel, params = {}) {
  const world = new World();
  const book = notebook();
  const end = world.stream.subscribe(channel, params, book.handlers);
  await world.live();
  return { world, book, end };
}

test("a snapshot is told row by row and then as a whole", async () => {
  const { world, book } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 2 }));
  world.socket.say(price("BTC", "60000.00", { snapshot: true }));
  assert.deepEqual(book.resets, []);
  world.socket.say(price("ETH", "2000.00", { snapshot: true }));
  assert.deepEqual(book.rows.map((r) => r.asset), ["BTC", "ETH"]);
  assert.deepEqual(book.resets.map((rows) => rows.length), [2]);
  assert.deepEqual(book.states, ["waiting", "loading", "ready"]);
});

test("an empty snapshot is whole at once", async () => {
  const { world, book } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  assert.deepEqual(book.resets, [[]]);
});

test("a snapshot after a reconnect removes what it does not hold", async () => {
  const { world, book } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 2 }));
  world.socket.say(price("BTC", "60000.00", { snapshot: true }));
  world.socket.say(price("OLD", "1.00", { snapshot: true }));
  world.socket.drop(1012);
  await world.comeBack();
  world.socket.say(acknowledged("prices", { snapshot: 1 }));
  assert.deepEqual(book.removed, []);
  world.socket.say(price("BTC", "61000.00", { snapshot: true }));
  assert.deepEqual(book.removed, ["OLD"]);
  assert.deepEqual(book.resets.at(-1).map((r) => r.price), ["61000.00"]);
});

test("a deleted row is removed once", async () => {
  const { world, book } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 1 }));
  world.socket.say(price("BTC", "60000.00", { snapshot: true }));
  world.socket.say(price("BTC", "60000.00", { deleted: true, seq: 11 }));
  world.socket.say(price("BTC", "60000.00", { deleted: true, seq: 11 }));
  assert.deepEqual(book.removed, ["BTC"]);
});

test("rows before the acknowledgement are of an older subscription", async () => {
  const { world, book } = await subscribed("prices");
  world.socket.say(price("ETH", "1.00"));
  assert.deepEqual(book.rows, []);
});

test("a state channel never asks to resume", async () => {
  const { world } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  world.socket.say(price("ETH", "1.00", { seq: 12 }));
  world.socket.drop();
  await world.comeBack();
  assert.deepEqual(world.socket.of("subscribe")[0].params, { seq: true });
});

test("an event channel resumes after its last row, in the same epoch", async () => {
  const { world, book } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 0 }));
  world.socket.say(notice("n1", 17));
  world.socket.drop(4008);
  await world.comeBack();
  assert.deepEqual(world.socket.of("subscribe")[0].params, { seq: true, after: 17, epoch: "e1" });
  world.socket.say(acknowledged("notifications", { seq: 30, resumed: true }));
  world.socket.say(notice("n2", 21));
  assert.deepEqual(book.rows.map((r) => r.id), ["n1", "n2"]);
  assert.equal(book.resets.length, 1);
  assert.equal(book.states.at(-1), "ready");
});

test("what was announced and not received is asked for again", async () => {
  const { world } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 0 }));
  world.socket.say(notice("n1", 17));
  world.socket.drop();
  await world.comeBack();
  world.socket.say(acknowledged("notifications", { seq: 30, resumed: true }));
  world.socket.drop(); // before the missed rows came
  await world.comeBack();
  assert.equal(world.socket.of("subscribe")[0].params.after, 17);
});

test("half a snapshot is no point to resume from", async () => {
  const { world } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 2 }));
  world.socket.say(notice("n1", 10, { snapshot: true }));
  world.socket.drop();
  await world.comeBack();
  assert.deepEqual(world.socket.of("subscribe")[0].params, { seq: true });
});

test("not resumed: the snapshot replaces what was known", async () => {
  const { world, book } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 1 }));
  world.socket.say(notice("n1", 10, { snapshot: true }));
  world.socket.drop();
  await world.comeBack();
  world.socket.say(acknowledged("notifications", { snapshot: 1, resumed: false, epoch: "e2", seq: 3 }));
  world.socket.say(notice("n9", 3, { snapshot: true }));
  assert.deepEqual(book.removed, ["n1"]);
  world.socket.drop();
  await world.comeBack();
  assert.deepEqual(world.socket.of("subscribe")[0].params, { seq: true, after: 3, epoch: "e2" });
});

test("the unread count is a row of its own key", async () => {
  const { world, book } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 1 }));
  world.socket.say(row("notifications", { event: "unread_count", count: 3, snapshot: true }));
  world.socket.say(row("notifications", { event: "unread_count", count: 4 }, 11));
  const late = notebook();
  world.stream.subscribe("notifications", {}, late.handlers);
  assert.deepEqual(book.rows.map((r) => r.count), [3, 4]);
  assert.deepEqual(late.rows.map((r) => r.count), [4]);
});

test("subscribers of a channel share one subscription and each gets its part", async () => {
  const { world, book } = await subscribed("prices", { assets: ["ETH"] });
  const other = notebook();
  world.stream.subscribe("prices", { assets: ["BTC"] }, other.handlers);
  assert.deepEqual(
    world.socket.of("subscribe").map((message) => message.params.assets),
    [["ETH"], ["BTC", "ETH"]],
  );
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  world.socket.say(price("ETH", "1.00"));
  world.socket.say(price("BTC", "2.00"));
  assert.deepEqual(book.rows.map((r) => r.asset), ["ETH"]);
  assert.deepEqual(other.rows.map((r) => r.asset), ["BTC"]);
});

test("a subscriber that comes later is told what is known", async () => {
  const { world } = await subscribed("prices");
  world.socket.say(acknowledged("prices", { snapshot: 1 }));
  world.socket.say(price("ETH", "1.00", { snapshot: true }));
  const late = notebook();
  world.stream.subscribe("prices", {}, late.handlers);
  assert.deepEqual(late.rows.map((r) => r.asset), ["ETH"]);
  assert.equal(late.resets.length, 1);
  assert.equal(world.socket.of("subscribe").length, 1);
});

test("only the last one to leave unsubscribes", async () => {
  const { world, end } = await subscribed("prices");
  const endOther = world.stream.subscribe("prices", {}, {});
  end();
  assert.equal(world.socket.of("unsubscribe").length, 0);
  endOther();
  endOther();
  assert.deepEqual(world.socket.of("unsubscribe"), [{ type: "unsubscribe", channel: "prices" }]);
  world.socket.drop();
  await world.comeBack();
  assert.equal(world.socket.of("subscribe").length, 0);
});

test("a wider filter of an event channel is not resumed", async () => {
  const { world } = await subscribed("notifications", { categories: ["system"] });
  world.socket.say(acknowledged("notifications", { snapshot: 0 }));
  world.socket.drop();
  world.stream.subscribe("notifications", {}, {});
  await world.comeBack();
  assert.deepEqual(world.socket.of("subscribe")[0].params, { seq: true });
});

test("a refused subscription is told and not repeated", async () => {
  const { world, book } = await subscribed("prices", { assets: ["XXX"] });
  world.socket.say({
    type: "error", code: "INVALID_PARAMS", channel: "prices", message: "prices knows no XXX",
  });
  assert.equal(book.states.at(-1), "refused");
  assert.equal(world.socket.of("subscribe").length, 1);
});

test("a handler that throws is reported; the next subscriber is still told", async () => {
  const world = new World();
  const book = notebook();
  world.stream.subscribe("prices", {}, {
    onRow: () => {
      throw new Error("mine");
    },
  });
  world.stream.subscribe("prices", {}, book.handlers);
  await world.live();
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  world.socket.say(price("ETH", "1.00"));
  assert.equal(book.rows.length, 1);
  assert.equal(world.errors.length, 1);
});

test("the age of a channel's data runs from its last row", async () => {
  const { world } = await subscribed("prices");
  assert.equal(world.stream.age("prices"), null);
  world.socket.say(acknowledged("prices", { snapshot: 0 }));
  world.socket.say(price("ETH", "1.00"));
  await world.clock.pass(3_000);
  assert.equal(world.stream.age("prices"), 3_000);
});

test("rows of an event channel are kept up to a bound", async () => {
  const { world } = await subscribed("notifications");
  world.socket.say(acknowledged("notifications", { snapshot: 0 }));
  for (let i = 0; i < MAX_EVENTS + 50; i += 1) world.socket.say(notice(`n${i}`, 11 + i));
  const late = notebook();
  world.stream.subscribe("notifications", {}, late.handlers);
  assert.equal(late.rows.length, MAX_EVENTS);
  assert.equal(late.rows[0].id, "n50");
});

test("rows of positions are told apart, and rules of protection from each other", () => {
  const { key } = CHANNELS.positions;
  assert.equal(key({ kind: "borrow", positionId: "brw_1" }), "brw_1");
  assert.equal(key({ kind: "protection", ruleId: "prt_1", protects: "brw_1" }), "prt_1");
  assert.equal(key({ kind: "account" }), "account");
});

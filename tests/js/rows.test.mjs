import assert from "node:assert/strict";
import { test } from "node:test";

import { Rows } from "../../realtime/static/client/rows.js";

/** Rows whose frames the test draws. */
function made() {
  const frames = [];
  const rows = new Rows((row) => row.id, (callback) => frames.push(callback));
  const heard = [];
  rows.onChange((keys) => heard.push([...keys].sort()));
  const draw = () => frames.splice(0).forEach((callback) => callback());
  draw();
  heard.length = 0;
  return { rows, heard, draw };
}

test("changes of one frame are told once", () => {
  const { rows, heard, draw } = made();
  for (let i = 0; i < 500; i += 1) rows.take({ id: i % 2 ? "a" : "b", value: i }, { seq: i });
  assert.equal(heard.length, 0);
  draw();
  assert.deepEqual(heard, [["a", "b"]]);
  assert.equal(rows.get("a").value, 499);
});

test("an older row changes nothing, one without a seq does", () => {
  const { rows } = made();
  rows.take({ id: "a", value: 2 }, { seq: 7 });
  rows.take({ id: "a", value: 1 }, { seq: 6 });
  assert.equal(rows.get("a").value, 2);
  rows.take({ id: "a", value: 3 });
  assert.equal(rows.get("a").value, 3);
  rows.take({ id: "a", value: 4 }, { seq: 6 });
  assert.equal(rows.get("a").value, 3, "the seq is kept");
});

test("a list replaces, a deleted row goes", () => {
  const { rows, heard, draw } = made();
  assert.equal(rows.isReady, false);
  rows.replace([{ id: "a" }, { id: "b" }], { seq: 1 });
  assert.equal(rows.isReady, true);
  rows.replace([{ id: "b" }], { seq: 2 });
  rows.take({ id: "b", deleted: true }, { seq: 3 });
  draw();
  assert.deepEqual(heard, [["a", "b"]]);
  assert.equal(rows.size, 0);
});

test("an empty list is told too", () => {
  const { rows, heard, draw } = made();
  rows.replace([]);
  draw();
  assert.deepEqual(heard, [[]]);
});

test("a hope lies over what the stream brings until the answer comes", () => {
  const { rows } = made();
  rows.take({ id: "a", debt: "100", price: 1 }, { seq: 1 });
  const change = rows.propose("a", { debt: "60" });
  assert.deepEqual(rows.get("a"), { id: "a", debt: "60", price: 1 });
  assert.ok(rows.isHoped("a"));
  rows.take({ id: "a", debt: "100", price: 2 }, { seq: 2 });
  assert.deepEqual(rows.get("a"), { id: "a", debt: "60", price: 2 });
  change.settle({ id: "a", debt: "60.01", price: 2 });
  assert.deepEqual(rows.get("a"), { id: "a", debt: "60.01", price: 2 });
  assert.equal(rows.isHoped("a"), false);
});

test("a refusal takes the hope back, and only its own", () => {
  const { rows } = made();
  rows.take({ id: "a", debt: "100" }, { seq: 1 });
  const first = rows.propose("a", { debt: "60" });
  const second = rows.propose("a", { debt: "50" });
  first.undo();
  assert.equal(rows.get("a").debt, "50");
  second.undo();
  assert.equal(rows.get("a").debt, "100");
});

test("who listens later is told of what is there", () => {
  const frames = [];
  const rows = new Rows((row) => row.id, (callback) => frames.push(callback));
  rows.replace([{ id: "a" }]);
  frames.splice(0).forEach((callback) => callback());
  const heard = [];
  const stop = rows.onChange((keys) => heard.push([...keys]));
  frames.splice(0).forEach((callback) => callback());
  assert.deepEqual(heard, [["a"]]);
  stop();
  rows.take({ id: "b" });
  frames.splice(0).forEach((callback) => callback());
  assert.equal(heard.length, 1);
});

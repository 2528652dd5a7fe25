import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Intent, Refusal, get, getText, send } from "../../realtime/static/client/api.js";

let asked = [];
let answers = [];

/** Answer the next request with a status and a body, or fail as a network does. */
const answer = (status, body, headers = {}) => answers.push({ status, body, headers });
const lose = () => answers.push(null);

beforeEach(() => {
  asked = [];
  answers = [];
  globalThis.document = { cookie: "a=b; csrftoken=tok" };
  globalThis.fetch = async (path, options) => {
    asked.push({ path, ...options });
    const next = answers.shift();
    if (next === null) throw new TypeError("network");
    return new Response(next.body === undefined ? "" : JSON.stringify(next.body), next);
  };
});

const refusal = { error: { code: "INSUFFICIENT_BALANCE", message: "Too little.", details: { available: "1" } } };

test("what is not given is not asked", async () => {
  answer(200, { data: [1] });
  assert.deepEqual(await get("/v1/x", { page: 2, asset: "", kind: undefined, q: "a b" }), { data: [1] });
  assert.equal(asked[0].path, "/v1/x?page=2&q=a+b");
});

test("a change carries the CSRF token and its key", async () => {
  answer(200, { data: {} });
  await send("DELETE", "/v1/x", undefined, { idempotencyKey: "k" });
  assert.deepEqual(asked[0].headers, { "X-CSRFToken": "tok", "Idempotency-Key": "k" });
  assert.equal(asked[0].body, undefined);
});

test("a refusal says what the server said", async () => {
  answer(429, refusal, { "Retry-After": "7" });
  await assert.rejects(get("/v1/x"), (error) => {
    assert.ok(error instanceof Refusal);
    const { code, status, message, details, retryAfter, isUnknown } = error;
    assert.deepEqual(
      { code, status, message, details, retryAfter, isUnknown },
      { code: "INSUFFICIENT_BALANCE", status: 429, message: "Too little.", details: { available: "1" }, retryAfter: 7, isUnknown: false },
    );
    return true;
  });
});

test("no answer, and one that is no JSON, are refusals too", async () => {
  lose();
  await assert.rejects(get("/v1/x"), { name: "Refusal", status: 0, code: "NO_ANSWER" });
  answer(502);
  await assert.rejects(get("/v1/x"), { name: "Refusal", status: 502, retryAfter: null });
});

test("a success that breaks off, or is somebody else's page, is no answer: it goes again under its key", async () => {
  const intent = new Intent("/v1/x");
  const broken = new ReadableStream({ start: (control) => control.error(new TypeError("network")) });
  const whole = globalThis.fetch;
  globalThis.fetch = async (path, options) => {
    asked.push({ path, ...options });
    return asked.length === 1 ? new Response(broken) : new Response("<title>Welcome to the hotel</title>");
  };
  for (let i = 0; i < 2; i += 1) {
    await assert.rejects(intent.send({ a: 1 }), { status: 0, isUnknown: true });
  }
  globalThis.fetch = whole;
  answer(200, { data: "ok" });
  await intent.send({ a: 1 });
  assert.equal(new Set(asked.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
});

test("a text is had as it is written, and refused as anything else is", async () => {
  answer(200, "a,b");
  assert.equal(await getText("/v1/x"), '"a,b"');
  answer(503, refusal);
  await assert.rejects(getText("/v1/x"), { status: 503, message: "Too little." });
});

test("who gives up is not told of the network", async () => {
  const gone = new AbortController();
  gone.abort();
  lose();
  await assert.rejects(get("/v1/x", {}, { signal: gone.signal }), { name: "TypeError" });
});

test("an intent keeps its key until it knows what became of it", async () => {
  const intent = new Intent("/v1/x");
  lose();
  answer(503, refusal);
  answer(200, { data: 1 });
  answer(200, { data: 2 });
  await assert.rejects(intent.send({ amount: "1" }));
  await assert.rejects(intent.send({ amount: "1" }));
  await intent.send({ amount: "1" });
  await intent.send({ amount: "1" });
  const keys = asked.map(({ headers }) => headers["Idempotency-Key"]);
  assert.equal(keys[0], keys[1]);
  assert.equal(keys[1], keys[2]);
  assert.notEqual(keys[2], keys[3], "a second wish is another one");
});

test("another body, and what follows a refusal, goes under another key", async () => {
  const intent = new Intent("/v1/x");
  lose();
  answer(422, refusal);
  answer(200, { data: 1 });
  await assert.rejects(intent.send({ amount: "1" }));
  await assert.rejects(intent.send({ amount: "2" }));
  await intent.send({ amount: "2" });
  const keys = new Set(asked.map(({ headers }) => headers["Idempotency-Key"]));
  assert.equal(keys.size, 3);
});

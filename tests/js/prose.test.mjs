import assert from "node:assert/strict";
import { test } from "node:test";

import { prose } from "../../realtime/static/docs/entry.js";

globalThis.document = {
  createElement: (tag) => ({ tag, parts: [], setAttribute() {}, append(...parts) { this.parts.push(...parts); } }),
};

test("what stands between backticks is code, all else is text", () => {
  const [before, code, after] = prose("Ends `all` sessions");
  assert.deepEqual([before, code.tag, code.parts, after], ["Ends ", "code", ["all"], " sessions"]);
  assert.deepEqual(prose(undefined), [""]);
});

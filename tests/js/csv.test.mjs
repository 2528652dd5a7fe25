import assert from "node:assert/strict";
import { test } from "node:test";

import { csv } from "../../realtime/static/ui/csv.js";

const CASES = [
  ["plain cells", ["a", 1, null], "a,1,\r\n"],
  ["commas, quotes and lines", ["a,b", 'say "x"', "a\nb"], '"a,b","say ""x""","a\nb"\r\n'],
  ["what a spreadsheet would run", ["=1+1", "@x", "-cmd"], "'=1+1,'@x,'-cmd\r\n"],
  ["numbers stay numbers", ["-12.50", "+3"], "-12.50,+3\r\n"],
];

for (const [name, line, wanted] of CASES) {
  test(name, () => assert.equal(csv([line]), wanted));
}

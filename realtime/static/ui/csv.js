/** Rows as CSV (RFC 4180), and a file of it. A text that a spreadsheet would run gets an apostrophe. */

const FORMULA = /^[=+\-@\t\r\n]/;
const NUMBER = /^[-+]?[\d.]+$/;

function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Return the text of a file with these lines, each a list of values. */
export const csv = (lines) => lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");

/** Give the reader a file. */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}

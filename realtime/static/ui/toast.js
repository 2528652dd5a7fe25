/** Short messages that come and go: "polite" for what was done, "assertive" for what failed. */

import { el } from "./dom.js";

const SHOWN_MS = 6_000;
const MOST = 4; // at once

/** Say a sentence; `link` is {href, text}. */
export function toast(text, { kind = "polite", link = null } = {}) {
  const region = document.querySelector(`[data-toasts="${kind}"]`);
  if (!region) return;
  const close = el("button", { class: "toast__close", type: "button", "aria-label": "Dismiss" }, "×");
  const box = el("div", { class: "toast", "data-kind": kind }, el("p", {}, text));
  if (link) box.append(el("a", { href: link.href }, link.text));
  box.append(close);
  close.addEventListener("click", () => box.remove());
  region.append(box);
  while (region.children.length > MOST) region.firstChild.remove();
  setTimeout(() => box.remove(), SHOWN_MS);
}

/** What else can be done with a proposal: withdraw, execute; and by the council: sign, veto. */

import { Intent } from "../client/api.js";
import { openDialog } from "../ui/dialog.js";
import { el } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

const LEAST_REASON = 10;
const LIVE = new Set(["DRAFT", "ACTIVE", "TIMELOCK", "READY"]);

const panel = document.querySelector("[data-acts-panel]");
const place = document.querySelector("[data-acts]");
const me = document.body.dataset.user;

/** Show the acts that are open to the caller; `onDone` is called after one. */
export function showActions(row, base, onDone) {
  const isStaff = place.dataset.staff !== undefined;
  const acts = [];
  const act = (spec) => acts.push(button(spec, base, onDone));
  if (me !== undefined && row.status === "READY") {
    act({
      path: "execute",
      text: "Execute",
      question: "It is held against the market once more, and then done. Anybody may do it.",
      done: (data) => (data.execution?.result === "success" ? "It is executed." : `It could not be done: ${data.execution?.failureReason}`),
    });
  }
  if (row.proposerId === me && LIVE.has(row.status)) {
    act({ path: "cancel", text: "Withdraw", isDanger: true, question: "The proposal ends, and your deposit comes back.", done: () => "It is withdrawn." });
  }
  if (isStaff && row.status === "DRAFT" && row.proposerId !== me) {
    act({ path: "co-sign", text: "Co-sign", question: "The vote on this emergency begins at once.", done: () => "The vote is open." });
  }
  if (isStaff && LIVE.has(row.status)) {
    act({ path: "veto", text: "Veto", isDanger: true, needsReason: true, question: "The proposal ends for good. The reason is public.", done: () => "It is vetoed." });
  }
  panel.hidden = acts.length === 0;
  place.replaceChildren(...acts);
}

function button({ path, text, question, done, isDanger = false, needsReason = false }, base, onDone) {
  const made = el("button", { class: "button", type: "button" }, text);
  made.addEventListener("click", () => {
    const intent = new Intent(`${base}/${path}`);
    const reason = el("textarea", { id: "act-reason", rows: 3, maxlength: 500 });
    openDialog({
      title: `${text}?`,
      body: [
        el("p", {}, question),
        ...(needsReason ? [el("div", { class: "field" }, el("label", { for: "act-reason" }, `Reason, ${LEAST_REASON} characters at least`), reason)] : []),
      ],
      submit: text,
      isDanger,
      onSubmit: async () => {
        const { data } = await intent.send(needsReason ? { reason: reason.value.trim() } : {});
        toast(done(data));
        onDone();
      },
    });
  });
  return made;
}

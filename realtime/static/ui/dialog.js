/**
 * A question with a form: native <dialog>, so focus is held inside and goes back, and Escape closes.
 *
 * While the answer is awaited nothing can be sent twice; what went wrong is said in the dialog.
 */

import { el, setText } from "./dom.js";

let count = 0;

/**
 * Open a dialog and return {element, close(), refuse(text), setReady(isReady)}.
 *
 * `onSubmit` is awaited: when it ends the dialog closes, when it throws its message is shown.
 * `onClose` is called once it is gone, however it went.
 * @param {{title: string, body: (Node|string)[], submit: string, isDanger?: boolean,
 *          onSubmit: () => Promise<void>, onClose?: () => void}} spec
 */
export function openDialog({ title, body, submit, isDanger = false, onSubmit, onClose }) {
  count += 1;
  const id = `dialog-${count}`;
  const opener = document.activeElement;
  const error = el("p", { class: "alert", role: "alert", hidden: true });
  const go = el("button", { class: `button ${isDanger ? "button--danger" : "button--main"}`, type: "submit" }, submit);
  const cancel = el("button", { class: "button", type: "button" }, "Cancel");
  const form = el(
    "form",
    { class: "dialog__form", novalidate: true },
    el("div", { class: "dialog__body" }, ...body),
    error,
    el("div", { class: "dialog__buttons" }, cancel, go),
  );
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    el("h2", { class: "dialog__title", id }, title),
    form,
  );
  let isBusy = false;
  let isReady = true;

  const show = () => {
    go.disabled = isBusy || !isReady;
    dialog.toggleAttribute("data-busy", isBusy);
    setText(go, isBusy ? "Working…" : submit);
  };
  const refuse = (text) => {
    setText(error, text);
    error.hidden = text === "";
  };
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
    onClose?.();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    isBusy = true;
    refuse("");
    show();
    try {
      await onSubmit();
      dialog.close();
    } catch (problem) {
      refuse(problem.message);
    } finally {
      isBusy = false;
      show();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return {
    element: dialog,
    close: () => dialog.close(),
    refuse,
    setReady: (wanted) => {
      isReady = wanted;
      show();
    },
  };
}

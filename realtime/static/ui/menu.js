/**
 * Menus close on Escape and when the reader goes elsewhere: `details[data-menu]`, and what a button
 * with `data-toggle="<id>"` opens.
 */

/** Close on Escape inside `parts`, giving the focus to `opener`; and when the focus or a press is outside. */
function closes(parts, opener, isOpen, close) {
  for (const part of parts) {
    part.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !isOpen()) return;
      close();
      opener.focus();
    });
  }
  const leave = ({ target }) => parts.some((part) => part.contains(target)) || close();
  document.addEventListener("click", leave);
  document.addEventListener("focusin", leave);
}

for (const menu of document.querySelectorAll("details[data-menu]")) {
  const close = () => {
    menu.open = false;
  };
  closes([menu], menu.querySelector("summary"), () => menu.open, close);
}

for (const button of document.querySelectorAll("button[data-toggle]")) {
  const panel = document.getElementById(button.dataset.toggle);
  const isOpen = () => panel.hasAttribute("data-open");
  const set = (wanted) => {
    button.setAttribute("aria-expanded", String(wanted));
    panel.toggleAttribute("data-open", wanted);
  };
  button.addEventListener("click", () => set(!isOpen()));
  closes([panel, button], button, isOpen, () => set(false));
}

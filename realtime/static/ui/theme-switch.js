/** The choice between the system's theme, light and dark; kept for the next visit. */

const KEY = "dualis.theme";
const root = document.documentElement;
const options = document.querySelectorAll('input[name="theme"]');

/** Call back after the colours have changed, whoever changed them. */
export function onThemeChange(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
  new MutationObserver(callback).observe(root, { attributeFilter: ["data-theme"] });
}

function choose(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // storage is off: the choice holds for this page
  }
}

for (const option of options) {
  option.checked = option.value === (root.dataset.theme ?? "system");
  option.addEventListener("change", () => choose(option.value));
}

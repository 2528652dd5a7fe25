/** The choice between the system's theme, light and dark; kept for the next visit. */

const KEY = "dualis.theme";
const root = document.documentElement;
const options = document.querySelectorAll('input[name="theme"]');

/** Call back after the colours have changed, whoever changed them; return the function that ends it. */
export function onThemeChange(callback) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(callback);
  system.addEventListener("change", callback);
  chosen.observe(root, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", callback);
    chosen.disconnect();
  };
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

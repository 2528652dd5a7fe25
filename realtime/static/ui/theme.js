/** Applies the chosen theme before the first paint: a classic script in the head, so that nothing flashes. */
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("dualis.theme");
  } catch {
    // storage is off: the system's choice holds
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();

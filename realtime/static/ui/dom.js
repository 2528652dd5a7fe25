/** Small tools for the page's elements. Text only ever goes in as text. */

/** Make an element: `props` are attributes; `class` and data-* included; children are nodes or text. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Write a text if it differs, so that nothing is laid out anew for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Write an attribute if it differs. */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Return a function that asks for `draw` on the next frame, once however often it is called. */
export function perFrame(draw) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

const reducedMotion = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

const FLASH_MS = 600;
const flashed = new WeakMap(); // element -> when

/**
 * Let an element's text shine in a colour token and fade back; nothing where motion is unwanted, and
 * nothing while it still shines: in a storm a flash for each change would cost more than the change.
 */
export function flash(element, token) {
  const now = performance.now();
  if (reducedMotion?.matches || now - (flashed.get(element) ?? -FLASH_MS) < FLASH_MS) return;
  flashed.set(element, now);
  element.animate([{ color: `var(${token})` }, {}], { duration: FLASH_MS, easing: "ease-out" });
}

/** Return the data that the server put into the page under this id. */
export function pageData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

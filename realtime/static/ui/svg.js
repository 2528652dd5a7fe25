/** Small tools for drawings: elements of SVG, which need a namespace of their own. */

const NAMESPACE = "http://www.w3.org/2000/svg";

/** Make an SVG element with these attributes and children. */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(props)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

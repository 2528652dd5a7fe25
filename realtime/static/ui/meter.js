/** A bar for a share from 0 to 1, with its number beside it. Hand-written SVG; colours from CSS. */

import { setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const SVG = "http://www.w3.org/2000/svg";

export class Meter {
  element = document.createElement("span");
  #bar = document.createElementNS(SVG, "rect");
  #text = document.createElement("span");

  constructor() {
    this.element.className = "meter";
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 100 6");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.#bar.setAttribute("height", "6");
    svg.append(this.#bar);
    this.element.append(svg, this.#text);
  }

  show(fraction) {
    setAttribute(this.#bar, "width", String(Math.max(0, Math.min(1, fraction)) * 100));
    setText(this.#text, format.rate(fraction));
    return this.element;
  }
}

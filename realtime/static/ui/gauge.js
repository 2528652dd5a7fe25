/** A half circle for a health factor, rounded down, in the colour of its zone. Hand-written SVG. */

import { zoneOfFactor } from "../risk/risk.js";
import { setAttribute } from "./dom.js";
import * as format from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const ARC = "M 14 74 A 60 60 0 0 1 134 74";
const [LOWEST, HIGHEST] = [0.9, 2.5]; // where the arc begins, and where it is full

export const ZONE_NAMES = {
  safe: "Safe",
  caution: "Caution",
  danger: "Danger",
  critical: "Critical",
  margin_call: "Margin call",
  liquidatable: "Liquidatable",
};

const svg = (tag, attributes) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

export class Gauge {
  element = document.createElement("div");
  #value = svg("path", { d: ARC, class: "gauge__value", pathLength: "100" });
  #number = svg("text", { x: "74", y: "70", class: "gauge__number" });
  #picture = svg("svg", { viewBox: "0 0 148 84", role: "img" });

  constructor() {
    this.element.className = "gauge";
    this.#picture.append(svg("path", { d: ARC, class: "gauge__track" }), this.#value, this.#number);
    this.element.append(this.#picture);
    this.show(undefined);
  }

  /** Show a health factor; null is infinite, undefined is not known. */
  show(factor) {
    const isKnown = factor !== undefined;
    const text = isKnown ? format.healthFactor(factor) : format.NOTHING;
    const zone = isKnown ? zoneOfFactor(factor) : "";
    const share = factor === null ? 1 : ((factor ?? LOWEST) - LOWEST) / (HIGHEST - LOWEST);
    const length = Math.max(0, Math.min(1, share)) * 100;
    setAttribute(this.#value, "stroke-dasharray", `${length} 200`);
    setAttribute(this.#value, "visibility", length > 0 ? "visible" : "hidden");
    setAttribute(this.element, "data-zone", zone);
    setAttribute(this.#picture, "aria-label", `Health factor ${text}${zone ? `, ${ZONE_NAMES[zone]}` : ""}`);
    if (this.#number.textContent !== text) this.#number.textContent = text;
  }
}

// JSON, indented and colored.
import { el } from "./dom.js";

const PARTS = /(?<key>"(?:[^"\\]|\\.)*")(?=:)|(?<text>"(?:[^"\\]|\\.)*")|(?<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<word>true|false|null)/gi;

/** Render a value as colored JSON; a string, such as the body of a page, as it is. */
export function renderJson(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const nodes = [];
  let end = 0;
  for (const { 0: whole, index, groups } of typeof value === "string" ? [] : text.matchAll(PARTS)) {
    const [kind] = Object.entries(groups).find(([, found]) => found);
    nodes.push(text.slice(end, index), el("span", { class: `json-${kind}` }, whole));
    end = index + whole.length;
  }
  return el("pre", { class: "json", tabindex: 0, role: "region" }, nodes, text.slice(end));
}

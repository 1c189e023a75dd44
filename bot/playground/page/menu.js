// A button with a menu.
import { el } from "./dom.js";

/** Make a menu button with a label and content; each item has a label, a note and a function `act`. */
export function menu({ label, content, look = "button", ...attributes }, items) {
  const close = () => { node.open = false; };
  const opener = el("summary", { class: look, "aria-label": label, title: label, ...attributes }, content);
  const choices = items.map((item) => el("button", {
    type: "button",
    click: () => {
      close();
      opener.focus();
      item.act(opener);
    },
  }, item.label, item.note ? el("small", {}, item.note) : []));
  const popup = el("div", { class: "popup" }, choices);
  const node = el("details", {
    class: "overflow",
    toggle: () => {
      node.classList.remove("up");
      const frame = node.closest(".log, .modal .body") ?? document.body;
      const [low, lowest] = [popup, frame].map((one) => one.getBoundingClientRect().bottom);
      node.classList.toggle("up", low > lowest);
    },
    keydown: (event) => {
      if (event.key !== "Escape" || !node.open) return;
      event.stopPropagation();
      event.preventDefault();
      close();
      opener.focus();
    },
    focusout: (event) => {
      if (!node.contains(event.relatedTarget)) close();
    },
  }, opener, popup);
  return node;
}

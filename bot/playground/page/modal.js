// The modal: the person's top view, and the values of its inputs.
import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { findFocus, restoreFocus, saveFocus, STOPS } from "./focus.js";
import { readState } from "./input-state.js";
import { avatar, findApp } from "./workspace.js";

const states = new Map(); // input values by view id, while the modal is open
let deliver;
let view = null;

const dialog = el("dialog", { class: "modal", "aria-labelledby": "modal-title", keydown: steer, cancel: stay });

/** Set up modals; `ask(action, body)` posts an action and returns the response. */
export function startModal(ask) {
  deliver = ask;
  document.body.append(dialog);
}

/** Show the top view, or none; input values are kept. */
export function showView(next) {
  if (view) states.set(view.id, readState(dialog));
  const saved = view && view.id === next?.id ? saveFocus(dialog) : null;
  const top = saved ? scroller().scrollTop : 0;
  view = next;
  if (view) {
    dialog.replaceChildren(render());
    if (!dialog.open) dialog.showModal();
    scroller().scrollTop = top;
    focus(saved);
  } else {
    states.clear();
    dialog.close();
    dialog.replaceChildren();
  }
}

function render() {
  const form = { state: states.get(view.id), errors: view.errors ?? {}, suggest };
  const leave = (label, clear, attributes) =>
    el("button", { type: "button", click: () => perform("close", { clear }), ...attributes }, label);
  return el("form", { novalidate: true, submit },
    el("header", {},
      avatar(findApp().id, findApp().name),
      el("h2", { id: "modal-title" }, view.title),
      leave("✕", true, { class: "icon", "aria-label": "Close" })),
    el("div", { class: "body" },
      el("p", { class: "problem", role: "alert" }, view.problem ?? ""),
      renderBlocks(view.blocks, press, form)),
    el("footer", {},
      leave(view.close ?? (view.submit ? "Cancel" : "Close"), false, { class: "button" }),
      view.submit ? el("button", { class: "button primary" }, view.submit) : []));
}

async function submit(event) {
  event.preventDefault();
  const button = dialog.querySelector("footer .primary");
  if (!button || button.ariaBusy || dialog.querySelector(".file-input[aria-busy]")) return;
  button.ariaBusy = "true";
  if (!(await perform("submit", { state: readState(dialog) }))) button.ariaBusy = null;
}

const press = (block, element, more) => perform("press", {
  block_id: block.block_id, action_id: element.action_id, value: element.value, ...more, state: readState(dialog),
});

const suggest = (block, element, value) => deliver("suggest", {
  view_id: view.id, block_id: block.block_id, action_id: element.action_id, value, state: readState(dialog),
});

/** Post an action of the view; returns whether it succeeded. */
async function perform(action, body) {
  if (!view) return false;
  const { why } = await deliver(action, { view_id: view.id, ...body });
  const problem = dialog.querySelector(".problem");
  if (problem && why) problem.textContent = `Failed: ${why}.`;
  return !why;
}

/** Keep Tab inside the dialog, and let Escape close the view. */
function steer(event) {
  if (event.key === "Escape") {
    event.preventDefault();
    perform("close", { clear: false });
  }
  if (event.key !== "Tab") return;
  const stops = [...dialog.querySelectorAll(STOPS)].filter((node) => !node.disabled && node.checkVisibility());
  const [first, last] = event.shiftKey ? [stops.at(-1), stops[0]] : [stops[0], stops.at(-1)];
  if (document.activeElement !== last) return;
  event.preventDefault();
  first.focus();
}

function stay(event) {
  event.preventDefault(); // the server closes the modal
}

const scroller = () => dialog.querySelector(".body");

/** Focus the first invalid input, or else the saved element, or else the first one. */
function focus(saved) {
  const stops = [...dialog.querySelectorAll(`.body :is(${STOPS})`)].filter((node) => node.checkVisibility());
  const wrong = stops.find((node) => node.closest(".invalid"));
  const same = findFocus(scroller(), saved);
  if (same && !wrong) restoreFocus(same, saved);
  else (wrong ?? stops[0] ?? dialog.querySelector("footer .button")).focus();
}

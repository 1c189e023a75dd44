// What every input can do: hold a value, tell it, and take it back.
import { act } from "./controls.js";

/** What an input holds: what it held before it was drawn anew, or what the bot gave it to start with. */
export const initialValue = (element, here, key, initial) => (here.state && key in here.state ? here.state[key] : element[initial]);

export const placeholder = (element) => element.placeholder?.text;

/** Let a node tell what it holds, and tell the bot of a change if it asked for that. */
export function input(node, element, here, read, restore) {
  node.read = read;
  node.dataset.action = element.action_id;
  if (here.silent) return node;
  let last = read();
  let telling = false;
  node.addEventListener("change", async () => {
    if (telling) return;
    telling = true;
    // It may change again meanwhile; what it holds in the end is sent too.
    for (let now = read(); !isSame(now, last); now = read()) {
      if (await act(node, element, here.press, now)) last = now;
      else restore(last);
    }
    telling = false;
  });
  return node;
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Tell whether two options are the same. */
export const sameOption = (one, other) => one.value === other.value;

/** Read what all inputs inside a node hold, by block id and action id. */
export function readState(node) {
  const state = {};
  for (const one of node.querySelectorAll("[data-action]")) {
    if (!one.read) continue;
    const { block } = one.closest("[data-block]").dataset;
    state[block] = { ...state[block], [one.dataset.action]: one.read() };
  }
  return state;
}

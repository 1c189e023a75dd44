// State of inputs: initial value, reading, and reverting.
import { act } from "./controls.js";

/** The value of an input when drawn: from the state before, or else the bot's initial value. */
export const initialValue = (element, here, key, initial) => (here.state && key in here.state ? here.state[key] : element[initial]);

export const placeholder = (element) => element.placeholder?.text;

/** Make a node readable, and send its changes to the bot unless it is silent. */
export function input(node, element, here, read, restore) {
  node.read = read;
  node.dataset.action = element.action_id;
  if (here.silent) return node;
  let last = read();
  let telling = false;
  node.addEventListener("change", async () => {
    if (telling) return;
    telling = true;
    // It may change again meanwhile; the last value is sent too.
    for (let now = read(); !isSame(now, last); now = read()) {
      if (await act(node, element, here.press, now)) last = now;
      else restore(last);
    }
    telling = false;
  });
  return node;
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Compare two options. */
export const sameOption = (one, other) => one.value === other.value;

/** Read the values of all inputs inside a node, by block id and action id. */
export function readState(node) {
  const state = {};
  for (const one of node.querySelectorAll("[data-action]")) {
    if (!one.read) continue;
    const { block } = one.closest("[data-block]").dataset;
    state[block] = { ...state[block], [one.dataset.action]: one.read() };
  }
  return state;
}

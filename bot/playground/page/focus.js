// Saves and restores the focus while nodes are redrawn.

/** Selector of focusable elements. */
export const STOPS = "a[href], button:not([tabindex='-1']), input, select, textarea, summary, [tabindex='0']";

const idsOf = (node) => [node.closest("[data-block]")?.dataset.block, node.closest("[data-action]")?.dataset.action].join(" ");

/** Save the focus inside a node, by block and action id; null if the focus is elsewhere. */
export function saveFocus(root) {
  const { activeElement } = document;
  if (!root.contains(activeElement)) return null;
  const { value, textContent, selectionStart, selectionEnd } = activeElement;
  return { ids: idsOf(activeElement), value, textContent, selectionStart, selectionEnd, typed: activeElement.typed };
}

/** Find the element of a saved focus; undefined if there is none. */
export function findFocus(root, saved) {
  if (!saved) return undefined;
  const alike = [...root.querySelectorAll(STOPS)].filter((node) => idsOf(node) === saved.ids);
  return alike.find((node) => node.value === saved.value && node.textContent === saved.textContent)
    ?? alike.find((node) => node.value === saved.value) ?? alike[0];
}

/** Restore the focus, with the typed text and the caret. */
export function restoreFocus(node, saved) {
  node.focus();
  if (saved.typed) node.typed = saved.typed;
  if (saved.selectionStart !== null) node.setSelectionRange?.(saved.selectionStart, saved.selectionEnd);
}

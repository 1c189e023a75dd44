// Where the focus is, kept while what is around it is drawn anew.

/** What the keyboard can stop at. */
export const STOPS = "a[href], button:not([tabindex='-1']), input, select, textarea, summary, [tabindex='0']";

const idsOf = (node) => [node.closest("[data-block]")?.dataset.block, node.closest("[data-action]")?.dataset.action].join(" ");

/** Remember where the focus is inside a node, by the ids of what has it; nothing if it is elsewhere. */
export function saveFocus(root) {
  const { activeElement } = document;
  if (!root.contains(activeElement)) return null;
  const { value, textContent, selectionStart, selectionEnd } = activeElement;
  return { ids: idsOf(activeElement), value, textContent, selectionStart, selectionEnd, typed: activeElement.typed };
}

/** Find what a place has become; nothing if it is gone. */
export function findFocus(root, saved) {
  if (!saved) return undefined;
  const alike = [...root.querySelectorAll(STOPS)].filter((node) => idsOf(node) === saved.ids);
  return alike.find((node) => node.value === saved.value && node.textContent === saved.textContent)
    ?? alike.find((node) => node.value === saved.value) ?? alike[0];
}

/** Put the focus back, with what was being typed and the caret where it was. */
export function restoreFocus(node, saved) {
  node.focus();
  if (saved.typed) node.typed = saved.typed;
  if (saved.selectionStart !== null) node.setSelectionRange?.(saved.selectionStart, saved.selectionEnd);
}

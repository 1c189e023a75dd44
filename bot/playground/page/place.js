// Where the focus is, kept while what is around it is drawn anew.

/** What the keyboard can stop at. */
export const STOPS = "a[href], button:not([tabindex='-1']), input, select, textarea, summary, [tabindex='0']";

const idsOf = (node) => [node.closest("[data-block]")?.dataset.block, node.closest("[data-action]")?.dataset.action].join(" ");

/** Remember where the focus is inside a node, by the ids of what has it; nothing if it is elsewhere. */
export function findPlace(root) {
  const { activeElement } = document;
  if (!root.contains(activeElement)) return null;
  const { value, textContent, selectionStart, selectionEnd } = activeElement;
  return { ids: idsOf(activeElement), value, textContent, selectionStart, selectionEnd, typed: activeElement.typed };
}

/** Find what a place has become; nothing if it is gone. */
export function findAgain(root, place) {
  if (!place) return undefined;
  const alike = [...root.querySelectorAll(STOPS)].filter((node) => idsOf(node) === place.ids);
  return alike.find((node) => node.value === place.value && node.textContent === place.textContent)
    ?? alike.find((node) => node.value === place.value) ?? alike[0];
}

/** Put the focus back, with what was being typed and the caret where it was. */
export function focusAgain(node, place) {
  node.focus();
  if (place.typed) node.typed = place.typed;
  if (place.selectionStart !== null) node.setSelectionRange?.(place.selectionStart, place.selectionEnd);
}

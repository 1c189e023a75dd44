// The panel beside the conversation: a thread or the inspector.

const COVERS = matchMedia("(max-width: 900px)"); // the panel covers the page then

const [panel, title, body, close] = ["panel", "panel-title", "panel-body", "panel-close"].map((id) => document.getElementById(id));
let left = () => {};
let opener = null;

/** Open the panel; `leave()` is called when it closes or gets other content. */
export function openPanel({ name, look, content, leave = () => {} }) {
  const inside = panel.contains(document.activeElement);
  if (!inside) opener = document.activeElement;
  left();
  left = leave;
  title.replaceChildren(...[name].flat());
  body.replaceChildren(content);
  panel.className = look;
  panel.hidden = false;
  cover();
}

/** Close the panel; a focus inside it returns to the element that had it before. */
export function closePanel() {
  if (panel.hidden) return;
  const inside = panel.contains(document.activeElement);
  panel.hidden = true;
  cover();
  left();
  left = () => {};
  body.replaceChildren();
  if (inside) (opener?.isConnected ? opener : document.getElementById("text")).focus();
}

/** Make the covered page inert. */
function cover() {
  for (const other of document.querySelectorAll("#sidebar, main")) other.inert = !panel.hidden && COVERS.matches;
}

COVERS.addEventListener("change", cover);
close.addEventListener("click", closePanel);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) closePanel();
});

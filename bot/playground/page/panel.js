// The panel beside the conversation: one thing at a time, a thread or the inspector.

const COVERS = matchMedia("(max-width: 900px)"); // it then lies over everything else

const [panel, title, body, close] = ["panel", "panel-title", "panel-body", "panel-close"].map((id) => document.getElementById(id));
let left = () => {};
let opener = null;

/** Open the panel with a name, a look and a content; `leave()` is told once it is closed or shows something else. */
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

/** Close the panel; the focus goes back to where it came from, if it was inside. */
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

/** Keep the keyboard out of what lies below. */
function cover() {
  for (const other of document.querySelectorAll("#sidebar, main")) other.inert = !panel.hidden && COVERS.matches;
}

COVERS.addEventListener("change", cover);
close.addEventListener("click", closePanel);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) closePanel();
});

// Editing of one's own messages in their place.
import { Composer } from "./composer.js";
import { el, icon } from "./dom.js";

/** Make the button that edits a message of a list; `save(text)` returns the error text, empty on success. */
export function makeEditButton(list, message, save) {
  const close = () => list.setEditor(message.ts, null);
  const open = () => {
    const composer = new Composer(async (text) => {
      const why = await save(text);
      if (!why) close();
      return why;
    }, { hint: "Enter saves, Shift + Enter starts a new line, Escape cancels", attach: false });
    composer.element.dataset.action = "edit"; // the focus returns to the button
    composer.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      close();
    });
    list.setEditor(message.ts, composer.element);
    composer.setLabel("Edit message");
    composer.write(message.typed);
    composer.focus();
  };
  return el("button", { type: "button", class: "icon", "aria-label": "Edit message", title: "Edit message",
    "data-action": "edit", click: open }, icon("edit"));
}

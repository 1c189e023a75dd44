// File inputs of modals.
import { Attachments, takeDrops } from "./attachments.js";
import { el } from "./dom.js";
import { initialValue, input } from "./input-state.js";

const MOST_FILES = 10; // default of max_files
const MOST_BYTES = 10 * 2 ** 20;

/** Say why a file input does not take one more file; empty if it does. */
function refuse({ filetypes, max_files: most = MOST_FILES }, { name, size }, count) {
  const [extension] = /[^.]*$/.exec(name);
  const kinds = filetypes?.map((kind) => kind.toLowerCase());
  if (count >= most) return `you can choose at most ${most === 1 ? "1 file" : `${most} files`}`;
  if (kinds && !(name.includes(".") && kinds.includes(extension.toLowerCase()))) return `choose a file of these types: ${kinds.join(", ")}`;
  return size > MOST_BYTES ? "choose a file of at most 10 MB" : "";
}

export function fileInput(element, here) {
  const most = element.max_files ?? MOST_FILES;
  const field = el("input", {
    ...here.attributes, type: "file", multiple: most > 1, accept: element.filetypes?.map((kind) => `.${kind}`).join(","),
    change: () => {
      const files = [...field.files];
      field.value = ""; // the same file can be chosen again
      chosen.add(files);
    },
  });
  const chosen = new Attachments({
    ids: [...initialValue(element, here, "files") ?? []], home: field, check: (file, count) => refuse(element, file, count), changed,
  });
  const node = el("div", { class: "file-input" }, field, chosen.element);
  takeDrops(node, (files) => chosen.add(files));
  changed();
  return input(node, element, { ...here, silent: true }, () => ({ files: [...chosen.ids] }));

  function changed() {
    const focused = document.activeElement === field;
    node.ariaBusy = chosen.waiting ? "true" : null;
    field.hidden = chosen.ids.length >= most;
    if (focused && field.hidden) chosen.list.querySelector("button").focus();
  }
}

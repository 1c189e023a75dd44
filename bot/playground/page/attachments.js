// Files that a person chooses: uploaded at once, listed, and removed again.
import { upload } from "./connection.js";
import { el } from "./dom.js";
import { sizeOf } from "./files.js";
import { getMe } from "./workspace.js";

const uploaded = new Map(); // what is known of each file, by its id

export class Attachments {
  /**
   * Make a list of chosen files, with the focus at `home` when there is none. `check(file, count)` returns why a further
   * file is not taken, empty if it is; `changed()` is called after each change.
   */
  constructor({ ids = [], home, check = () => "", changed }) {
    Object.assign(this, { ids, home, check, changed, waiting: 0 });
    this.list = el("ul", { class: "chosen-files", "aria-label": "Chosen files" });
    this.status = el("p", { class: "hint", role: "status" });
    this.problem = el("p", { class: "refusal", role: "alert" });
    this.element = el("div", { class: "attachments" }, this.list, this.status, this.problem);
    this.render();
  }

  /** Replace the chosen files. */
  choose(ids) {
    this.ids = ids;
    this.problem.textContent = "";
    this.draw();
  }

  /** Upload files one after the other, and add each. */
  async add(files) {
    const { ids } = this;
    this.problem.textContent = "";
    this.waiting += files.length;
    for (const file of files) {
      this.draw(file.name);
      const { file: stored, why } = await this.take(file, ids.length);
      this.waiting -= 1;
      if (stored) ids.push(stored.id);
      else this.problem.textContent = `${file.name}: ${why}.`;
      this.draw();
    }
  }

  async take(file, count) {
    const why = this.check(file, count);
    if (why) return { why };
    const answer = await upload(getMe(), file);
    if (answer.file) uploaded.set(answer.file.id, answer.file);
    return answer;
  }

  remove(id) {
    this.ids.splice(this.ids.indexOf(id), 1);
    this.draw();
    (this.list.querySelector("button") ?? this.home).focus();
  }

  draw(uploading = "") {
    this.status.textContent = uploading && `Uploading ${uploading}…`;
    this.render();
    this.changed();
  }

  render() {
    this.list.replaceChildren(...this.ids.map((id) => {
      const { name, size } = uploaded.get(id);
      return el("li", { class: "token" }, name, el("small", {}, sizeOf(size)),
        el("button", { type: "button", class: "remove", "aria-label": `Remove ${name}`, click: () => this.remove(id) }, "✕"));
    }));
  }
}

/** Let files be dropped on a node. */
export function takeDrops(node, take) {
  const mark = (on) => (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    node.classList.toggle("dropping", on);
  };
  node.addEventListener("dragover", mark(true));
  node.addEventListener("dragleave", mark(false));
  node.addEventListener("drop", (event) => {
    mark(false)(event);
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}

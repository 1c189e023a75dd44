// The Home tab: the view that the bot published for this person.
import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { findFocus, restoreFocus, saveFocus } from "./focus.js";
import { readState } from "./input-state.js";

const EMPTY = "This app has not published a Home tab yet. It may need a moment after you open this tab.";

export class Home {
  /** Make an empty tab; `deliver(action, body)` posts an action and returns the response. */
  constructor(deliver) {
    this.deliver = deliver;
    this.view = null;
    this.problem = el("p", { class: "problem", role: "alert" });
    this.page = el("div", { class: "canvas" }, el("p", { class: "empty" }, EMPTY));
    this.element = el("section", { class: "home", "aria-label": "Home", tabindex: 0, hidden: true },
      el("div", { class: "column" }, this.problem, this.page));
  }

  /** Show the published view; input values are kept while it is the same view. */
  update(view) {
    const state = this.view?.id === view?.id ? readState(this.page) : {};
    const focus = saveFocus(this.page);
    this.view = view;
    this.problem.textContent = view?.problem ?? "";
    this.page.replaceChildren(...(view ? renderBlocks(view.blocks, this.press, { state, suggest: this.suggest })
      : [el("p", { class: "empty" }, EMPTY)]));
    if (focus) restoreFocus(findFocus(this.page, focus) ?? this.element, focus);
  }

  /** Show the tab, or hide it. */
  show(shown) {
    this.element.hidden = !shown;
  }

  /** Show an error; an empty string keeps the view's own problem. */
  showError(why) {
    if (why) this.problem.textContent = `Failed: ${why}.`;
  }

  locate(block, element) {
    return { view_id: this.view.id, block_id: block.block_id, action_id: element.action_id, state: readState(this.page) };
  }

  press = async (block, element, more) =>
    this.showError((await this.deliver("press", { value: element.value, ...more, ...this.locate(block, element) })).why);

  suggest = (block, element, value) => this.deliver("suggest", { ...this.locate(block, element), value });
}

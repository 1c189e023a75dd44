// The bot's Home tab: the view that the bot has published for this person.
import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { findFocus, restoreFocus, saveFocus } from "./focus.js";
import { readState } from "./input-state.js";

const EMPTY = "This bot has put nothing here yet. It is told that you opened this tab, and may need a moment.";

export class Home {
  /** Begin with an empty tab; `deliver(action, body)` tells the server and gives in words why it was not taken. */
  constructor(deliver) {
    this.deliver = deliver;
    this.view = null;
    this.problem = el("p", { class: "problem", role: "alert" });
    this.page = el("div", { class: "canvas" }, el("p", { class: "empty" }, EMPTY));
    this.element = el("section", { class: "home", "aria-label": "Home", tabindex: 0, hidden: true },
      el("div", { class: "column" }, this.problem, this.page));
  }

  /** Show what the bot has published; what was filled in stays as long as it is the same view. */
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

  /** Say in words why something was not done; what the server says of the view itself is left to it. */
  showError(why) {
    if (why) this.problem.textContent = `That did not work: ${why}.`;
  }

  locate(block, element) {
    return { view_id: this.view.id, block_id: block.block_id, action_id: element.action_id, state: readState(this.page) };
  }

  press = async (block, element, more) =>
    this.showError((await this.deliver("press", { value: element.value, ...more, ...this.locate(block, element) })).why);

  suggest = (block, element, value) => this.deliver("suggest", { ...this.locate(block, element), value });
}

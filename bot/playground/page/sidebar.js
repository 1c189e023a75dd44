// The sidebar: the people one can act as; in a narrow window it folds away.
import { el } from "./dom.js";
import { avatar, isMe } from "./workspace.js";

const [sidebar, people, button, logs] = ["sidebar", "people", "fold", "logs"].map((id) => document.getElementById(id));

/** Show whom one can act as. */
export function showPeople(known) {
  people.replaceChildren(...known.filter(({ kind }) => kind !== "bot").map(makePerson));
}

/** Switch to a person by a link: everything begins anew, as it would in their own browser. */
function makePerson({ id, name, title }) {
  const follow = ({ currentTarget }) => { currentTarget.hash = location.hash; };
  return el("li", {}, el("a", { href: `?as=${id}`, "aria-current": isMe(id) ? "true" : undefined, click: follow },
    avatar(id, name), el("span", { class: "name" }, name, el("small", {}, title))));
}

/** Fold the sidebar away, or unfold it; it only ever folds in a narrow window. */
export function fold(folded) {
  sidebar.classList.toggle("unfolded", !folded);
  button.ariaExpanded = String(!folded);
}

button.addEventListener("click", () => fold(sidebar.classList.contains("unfolded")));
logs.addEventListener("click", () => fold(true));
document.addEventListener("keydown", ({ key }) => key === "Escape" && fold(true));

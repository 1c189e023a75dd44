// The sidebar: people to act as; folded in a narrow window.
import { el } from "./dom.js";
import { avatar, isMe } from "./workspace.js";

const [sidebar, people, button, logs] = ["sidebar", "people", "fold", "logs"].map((id) => document.getElementById(id));

/** Show the people to act as. */
export function showPeople(known) {
  people.replaceChildren(...known.filter(({ kind }) => kind !== "bot").map(makePerson));
}

/** Make the link that reloads the page as another person. */
function makePerson({ id, name, title }) {
  const follow = ({ currentTarget }) => { currentTarget.hash = location.hash; };
  return el("li", {}, el("a", { href: `?as=${id}`, "aria-current": isMe(id) ? "true" : undefined, click: follow },
    avatar(id, name), el("span", { class: "name" }, name, el("small", {}, title))));
}

/** Fold or unfold the sidebar; effective in a narrow window only. */
export function fold(folded) {
  sidebar.classList.toggle("unfolded", !folded);
  button.ariaExpanded = String(!folded);
}

button.addEventListener("click", () => fold(sidebar.classList.contains("unfolded")));
logs.addEventListener("click", () => fold(true));
document.addEventListener("keydown", ({ key }) => key === "Escape" && fold(true));

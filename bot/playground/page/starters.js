// Starters: lines to send with one press, and the tour that leads through them.
import { el } from "./dom.js";
import { listPeople } from "./workspace.js";

const TOUR = "tour"; // where the browser keeps the tour's step, DONE once it is over
const DONE = "done";
const PENDING = "starter"; // where a line waits while the page opens as another person
const LAST = {
  label: "Make faults", action: "Open the fault panel",
  note: "Tencent Chat slow or down, Slack refusing or repeating itself: see what people get then.",
};

let starters = [];
let current = {}; // who acts, and how a line is sent
const tour = document.getElementById("tour");

/** Take over the starters of a snapshot; `send(line)` sends one as the acting person. */
export function loadStarters(snapshot, send) {
  starters = snapshot.starters;
  current = { me: snapshot.me, send };
  document.getElementById("tour-button").hidden = !starters.length;
  showTour();
}

/** Send the line for which the page was opened as another person. */
export function sendPending() {
  const line = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  if (line) current.send(line);
}

/** Send a starter's line, as its person. */
function run({ line, person }) {
  if (!person || person === current.me) {
    current.send(line);
    return;
  }
  sessionStorage.setItem(PENDING, line);
  location.assign(`?as=${person}${location.hash}`);
}

/** Make the list of starters; undefined if there are none. */
export function makeStarters() {
  return starters.length ? el("ul", { class: "starters" }, starters.map(makeStarter)) : undefined;
}

function makeStarter(starter) {
  const other = listPeople().find(({ id }) => id === starter.person && id !== current.me);
  return el("li", {},
    el("button", { type: "button", class: "button", click: () => run(starter) }, starter.label),
    el("span", {}, starter.note),
    el("span", {}, el("code", {}, starter.line), other ? ` as ${other.name}` : ""));
}

/** Show the tour's step, its offer, or nothing once it is over. */
function showTour() {
  const state = localStorage.getItem(TOUR);
  tour.hidden = !starters.length || state === DONE;
  if (tour.hidden) return;
  tour.replaceChildren(...(state === null ? makeOffer() : makeStep(Number(state))));
}

function go(state) {
  const inside = tour.contains(document.activeElement);
  localStorage.setItem(TOUR, state);
  showTour();
  if (inside) (tour.hidden ? document.getElementById("text") : tour.querySelector("button")).focus();
}

const button = (label, click, look = "") => el("button", { type: "button", class: `button ${look}`, click }, label);

const makeOffer = () => [
  el("p", {}, el("strong", {}, "New here?"), " One minute shows how to look up, change, undo, and make faults."),
  el("div", {}, button("Start the tour", () => go(0), "primary"), button("No, thanks", () => go(DONE))),
];

function makeStep(index) {
  const steps = [...starters, LAST];
  const step = steps[index] ?? LAST;
  const isLast = step === LAST;
  return [
    el("p", {}, el("small", {}, `${Math.min(index + 1, steps.length)} of ${steps.length}`), " ",
      el("strong", {}, `${step.label}.`), ` ${step.note}`),
    el("div", {},
      isLast ? button(step.action, () => document.getElementById("faults").showPopover()) : button(`Send ${step.line}`, () => run(step)),
      index ? button("Back", () => go(index - 1)) : [],
      button(isLast ? "Finish" : "Continue", () => go(isLast ? DONE : index + 1), "primary"),
      el("button", { type: "button", class: "icon", "aria-label": "End the tour", title: "End the tour", click: () => go(DONE) }, "✕")),
  ];
}

document.getElementById("tour-button").addEventListener("click", () => {
  go(0);
  tour.querySelector("button").focus();
});

// The message box: sends lines, suggests slash commands, and recalls what was sent before.
import { el } from "./dom.js";

const KEPT = 50; // lines that can be recalled
const MEMORY = "sent";
const USUAL_HINT = "Enter sends, Shift + Enter begins a new line, ↑ recalls";

const [form, text, send, list, hint, problem] =
  ["composer", "text", "send", "suggestions", "hint", "problem"].map((id) => document.getElementById(id));

// Kept for the tab, so that a line can be tried again as somebody else.
const sent = JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]");
let recalled = sent.length;
let commands = [];
let offered = [];
let chosen = 0;

/** Make the box work; `deliver(line)` sends a line and gives in words why it was not taken. */
export function startComposer(deliver) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(deliver);
  });
  text.addEventListener("input", refresh);
  text.addEventListener("blur", () => offer([]));
  text.addEventListener("keydown", (event) => {
    // While an input method composes, its keys are its own.
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (KEYS[event.key]?.()) event.preventDefault();
  });
}

/** Suggest these slash commands from now on. */
export function offerCommands(known) {
  commands = known;
  refresh();
}

/** Name the place that lines go to, and be ready to type. */
export function aim(place) {
  text.placeholder = `Message ${place}`;
  text.setAttribute("aria-label", `Message ${place}`);
  complain("");
  text.focus({ preventScroll: true });
}

/** Say in words why something was not done; an empty string takes that back. */
export function complain(why) {
  problem.textContent = why && `That did not work: ${why}.`;
}

/** What keys do; each tells whether it did something. */
const KEYS = {
  __proto__: null,
  ArrowDown: () => (offered.length ? choose(chosen + 1) : recall(recalled + 1)),
  ArrowUp: () => (offered.length ? choose(chosen - 1) : recall(recalled - 1)),
  Tab: () => accept(),
  Enter: () => {
    if (text.value === offered[chosen]?.command || !accept()) form.requestSubmit();
    return true;
  },
  Escape: () => offer([]),
};

async function submit(deliver) {
  const line = text.value;
  if (!line.trim()) return;
  write("");
  const why = await deliver(line);
  complain(why);
  if (why && !text.value) write(line);
  if (why) return;
  if (sent.at(-1) !== line) sent.push(line);
  sent.splice(0, sent.length - KEPT);
  recalled = sent.length;
  sessionStorage.setItem(MEMORY, JSON.stringify(sent));
}

function write(line) {
  text.value = line;
  refresh();
}

function refresh() {
  send.disabled = !text.value.trim();
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  const [word, ...rest] = text.value.split(" ");
  const current = commands.find((one) => one.command === word);
  hint.textContent = current ? `${current.command} ${current.usage_hint}` : USUAL_HINT;
  offer(word.startsWith("/") && !rest.length ? commands.filter((one) => one.command.startsWith(word)) : []);
}

/** Show suggestions; tells whether that changed anything. */
function offer(suggestions) {
  const changed = offered.length || suggestions.length;
  offered = suggestions;
  list.hidden = !offered.length;
  list.replaceChildren(...offered.map((one, index) => el("li", {
    id: `suggestion-${index}`, role: "option",
    // Before the box loses the focus, which would close the list.
    mousedown: (event) => {
      event.preventDefault();
      choose(index);
      accept();
    },
  }, el("strong", {}, one.command), el("code", {}, one.usage_hint), el("span", {}, one.description))));
  choose(0);
  return Boolean(changed);
}

function choose(index) {
  chosen = (index + offered.length) % offered.length || 0;
  [...list.children].forEach((item, place) => item.setAttribute("aria-selected", place === chosen));
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
  if (offered.length) text.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
  else text.removeAttribute("aria-activedescendant");
  return true;
}

function accept() {
  if (!offered.length) return false;
  write(`${offered[chosen].command} `);
  return true;
}

/** Put an earlier or later line into the box, unless something else is being written in it. */
function recall(place) {
  if (text.value && text.value !== sent[recalled]) return false;
  if (place < 0 || place > sent.length) return false;
  recalled = place;
  write(sent[place] ?? "");
  offer([]);
  return true;
}

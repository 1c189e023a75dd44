// The page: the acting person, the open conversation, and the handlers of events.
import { takeDrops } from "./attachments.js";
import { Composer } from "./composer.js";
import { ask, listen, post } from "./connection.js";
import { Conversation } from "./conversation.js";
import { el, icon } from "./dom.js";
import { makeEditButton } from "./edit.js";
import { showFaults } from "./faults.js";
import { Home } from "./home.js";
import { startInspector } from "./inspector.js";
import { menu } from "./menu.js";
import { showView, startModal } from "./modal.js";
import { fold, showPeople } from "./sidebar.js";
import { loadStarters, sendPending } from "./starters.js";
import { startTheme } from "./theme.js";
import { closeThread, openThread, refreshThread } from "./thread.js";
import { isMe, loadDirectory } from "./workspace.js";

const byId = (id) => document.getElementById(id);
const conversations = new Map(); // by channel id
let me = new URLSearchParams(location.search).get("as");
let team = "";
let current = null; // the conversation that is open
let hasHome = false;
let shortcuts = [];

const perform = (action, body) => post(action, { as: me, ...body });
const query = (action, body) => ask(action, { as: me, ...body });
const composer = new Composer((text, files) => perform("send", { channel: current.id, text, files }), { id: "text" });
const home = new Home(query);

const HANDLERS = {
  __proto__: null,
  snapshot,
  message: ({ message }) => arrive(message),
  message_changed: ({ message }) => update(message),
  file_deleted: ({ message }) => update(message),
  message_deleted: ({ channel, ts }) => {
    conversations.get(channel)?.remove(ts);
    refreshThread(conversations.get(channel), ts);
  },
  status: ({ channel, ts, status }) => {
    const message = conversations.get(channel)?.messages.get(ts);
    if (message) update({ ...message, status });
  },
  view: ({ view }) => showView(view),
  home: ({ view }) => home.update(view),
  weather: ({ weather }) => showFaults(weather, setFault),
};

function snapshot(event) {
  me = event.me;
  team = event.team.name;
  hasHome = event.home_enabled;
  loadDirectory(event);
  showView(null);
  home.update(null);
  closeThread();
  showFaults(event.weather, setFault);
  shortcuts = event.shortcuts;
  composer.tools.replaceChildren(makeShortcutMenu("global", { label: "Shortcuts", content: icon("bolt"), look: "icon" }));
  for (const id of ["team", "workspace"]) byId(id).textContent = team;
  showPeople(event.people);
  loadStarters(event, sendLine);
  makeConversations(event.channels, event.hint);
  composer.offerCommands(event.commands);
  event.messages.forEach(arrive);
  const wanted = [location.hash.slice(1), current?.id].find((hash) => conversations.has(hash?.split("/")[0]));
  // Text may have been typed elsewhere while the connection was lost.
  open(wanted ?? event.channels[0]?.id, document.activeElement === document.body);
  sendPending();
}

/** Send a line to the open conversation, and show its messages. */
function sendLine(line) {
  location.hash = current.id;
  composer.sendLine(line);
}

function makeConversations(channels, hint) {
  conversations.clear();
  byId("channels").replaceChildren();
  byId("directs").replaceChildren();
  for (const channel of channels) {
    const conversation = new Conversation(channel, actions, `read ${me} ${channel.id}`, hint);
    byId(conversation.isChannel ? "channels" : "directs").append(el("li", {}, conversation.link));
    conversations.set(conversation.id, conversation);
  }
  byId("logs").replaceChildren(...[...conversations.values()].map(({ list }) => list.element), home.element);
}

/** Open a conversation by its hash: its id, and the tab of a direct message. `focus` moves the focus to its composer. */
function open(hash, focus = true) {
  const [id, tab] = hash?.split("/") ?? [];
  const conversation = conversations.get(id);
  if (!conversation) return;
  if (conversation !== current) {
    closeThread();
    current?.markNew(false);
  }
  current = conversation;
  const atHome = conversation.direct && hasHome && tab === "home";
  if (!atHome && conversation.unread) conversation.markNew(true);
  for (const one of conversations.values()) {
    one.list.show(one === conversation && !atHome);
    one.link.ariaCurrent = one === conversation ? "page" : null;
  }
  home.show(atHome);
  composer.element.hidden = atHome;
  byId("title").replaceChildren(conversation.shown, conversation.shared ? el("small", {}, "shared with another organization") : "");
  document.title = `${conversation.shown} · ${team}`;
  showTabs(conversation, atHome);
  fold(true);
  if (!atHome) conversation.read();
  composer.moveTo(id);
  composer.setLabel(`Message ${conversation.shown}`);
  if (focus) composer.focus();
}

/** Show the tabs of the bot's direct message, and report the opened one to the bot. */
async function showTabs(conversation, atHome) {
  const tab = (name, id, here) => el("a", { href: `#${id}`, "aria-current": here ? "page" : undefined }, name);
  byId("tabs").hidden = !(conversation.direct && hasHome);
  byId("tabs").replaceChildren(tab("Home", `${conversation.id}/home`, atHome), tab("Messages", conversation.id, !atHome));
  if (!conversation.direct) return;
  const why = await perform("open_app", { channel: conversation.id, tab: atHome ? "home" : "messages" });
  if (atHome) home.showError(why);
}

function update(message) {
  const conversation = conversations.get(message.channel);
  conversation?.update(message);
  if (conversation) refreshThread(conversation, message.ts);
}

function arrive(message) {
  const conversation = conversations.get(message.channel);
  update(message);
  conversation?.arrive(message, conversation === current && home.element.hidden);
}

const locate = (message, block, element) =>
  ({ channel: message.channel, ts: message.ts, block_id: block.block_id, action_id: element.action_id });

const press = (message, block, element, more) =>
  perform("press", { value: element.value, ...more, ...locate(message, block, element) });

/** Actions of messages. */
const actions = {
  press: async (...what) => composer.showError(await press(...what)),
  deleteFile: async (file) => composer.showError(await perform("delete_file", { file: file.id })),
  suggest: (message, block, element, value) => query("suggest", { ...locate(message, block, element), value }),
  open: (message) => {
    const ts = conversations.get(message.channel).messages.has(message.thread_ts) ? message.thread_ts : message.ts;
    const send = (text, files) => perform("send", { channel: message.channel, thread_ts: ts, text, files });
    openThread(conversations.get(message.channel), ts, actions, { press, send });
  },
  // Ephemeral and deleted messages have no tools.
  tools: (message, list) => (message.ephemeral || message.gone ? [] : [
    message.typed && isMe(message.from.id) ? makeEditButton(list, message,
      (text) => perform("edit", { channel: message.channel, ts: message.ts, text })) : [],
    el("button", { type: "button", class: "icon", "aria-label": "Reply in thread", title: "Reply in thread",
      "data-action": "thread", click: () => actions.open(message) }, icon("thread")),
    makeShortcutMenu("message", { label: "More actions", content: "⋯", look: "icon" }, { channel: message.channel, ts: message.ts }),
  ]),
};

const setFault = (name, setting) => perform("weather", { dial: name, setting });

/** Make a menu of the shortcuts of one type; empty if there are none. */
function makeShortcutMenu(type, opener, where = {}) {
  const offered = shortcuts.filter((shortcut) => shortcut.type === type);
  return !offered.length ? "" : menu(opener, offered.map(({ callback_id: id, name, description }) => ({
    label: name, note: description,
    act: async () => composer.showError(await perform("shortcut", { channel: current.id, callback_id: id, ...where })),
  })));
}

byId("composer").append(composer.element);
takeDrops(document.querySelector("main"), (files) => composer.element.hidden || composer.files.add(files));
window.addEventListener("hashchange", () => open(location.hash.slice(1)));
startTheme(byId("theme"));
startInspector(byId("inspect"));
startModal(query);
listen(me, (event) => HANDLERS[event.type]?.(event), (state) => {
  byId("banner").hidden = state === "connected";
  byId("banner").replaceChildren(...{
    connected: [],
    lost: ["Connection lost. Trying to reconnect…"],
    refused: [`There is no person ${me} here. `, el("a", { href: location.pathname }, "Choose another")],
  }[state]);
});

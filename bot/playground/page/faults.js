// The faults panel: what goes wrong around the bot, as far as somebody wants to see it go wrong.
import { el } from "./dom.js";

let selects = new Map(); // the select of each fault control, by its name

/** The controls that are not at their first setting, which is normal. */
const findActive = (controls) => controls.filter(({ setting, settings }) => setting !== settings[0].name)
  .map(({ label, setting, settings }) => `${label}: ${settings.find(({ name }) => name === setting).label}`);

/** Show the setting of each control; `apply(name, setting)` tells the server and gives in words why it was not taken. */
export function showFaults(controls, apply) {
  const [button, sign, list, problem] = ["weather-button", "weather-sign", "dials", "weather-problem"]
    .map((id) => document.getElementById(id));
  if (controls.length !== selects.size || !controls.every(({ name }) => selects.has(name))) {
    selects = new Map(controls.map((control) => [control.name, select(control, async (setting) => {
      problem.textContent = await apply(control.name, setting);
    })]));
    list.replaceChildren(...controls.map(({ name, label }) => el("p", {}, el("label", { for: `fault-${name}` }, label), selects.get(name))));
  }
  for (const { name, setting } of controls) selects.get(name).value = setting;
  const active = findActive(controls);
  sign.hidden = !active.length;
  sign.textContent = active[0] + (active.length > 1 ? ` + ${active.length - 1}` : "");
  button.ariaLabel = active.length ? `Weather. ${active.join(". ")}` : "Weather";
  button.title = active.join("\n") || "Weather: make Slack or Tencent Chat slow, fail or repeat itself";
}

const select = ({ name, settings }, apply) =>
  el("select", { id: `fault-${name}`, class: "entry", change: ({ currentTarget }) => apply(currentTarget.value) },
    settings.map((one) => el("option", { value: one.name }, one.label)));

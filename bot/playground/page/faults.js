// The fault panel: controls that make Slack or Tencent Chat fail.
import { el } from "./dom.js";

let selects = new Map(); // the select of each fault control, by its name

/** Labels of the controls that are not at their default, the first setting. */
const findActive = (controls) => controls.filter(({ setting, settings }) => setting !== settings[0].name)
  .map(({ label, setting, settings }) => `${label}: ${settings.find(({ name }) => name === setting).label}`);

/** Show the controls; `apply(name, setting)` sends a setting and returns the error text, empty on success. */
export function showFaults(controls, apply) {
  const [button, summary, list, problem] = ["faults-button", "faults-summary", "fault-controls", "faults-problem"]
    .map((id) => document.getElementById(id));
  if (controls.length !== selects.size || !controls.every(({ name }) => selects.has(name))) {
    selects = new Map(controls.map((control) => [control.name, select(control, async (setting) => {
      problem.textContent = await apply(control.name, setting);
    })]));
    list.replaceChildren(...controls.map(({ name, label }) => el("p", {}, el("label", { for: `fault-${name}` }, label), selects.get(name))));
  }
  for (const { name, setting } of controls) selects.get(name).value = setting;
  const active = findActive(controls);
  summary.hidden = !active.length;
  summary.textContent = active[0] + (active.length > 1 ? ` + ${active.length - 1}` : "");
  button.ariaLabel = active.length ? `Faults. ${active.join(". ")}` : "Faults";
  button.title = active.join("\n") || "Faults: make Slack or Tencent Chat slow, fail or repeat itself";
}

const select = ({ name, settings }, apply) =>
  el("select", { id: `fault-${name}`, class: "entry", change: ({ currentTarget }) => apply(currentTarget.value) },
    settings.map((one) => el("option", { value: one.name }, one.label)));

// Dark or light: as the system has it, until somebody chooses.

const MEMORY = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (localStorage.getItem(MEMORY) ?? (system.matches ? "dark" : "light")) === "dark";

/** Show the theme, and let a button switch it. */
export function startTheme(button) {
  const show = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.ariaPressed = String(isDark());
  };
  system.addEventListener("change", show);
  button.addEventListener("click", () => {
    localStorage.setItem(MEMORY, isDark() ? "light" : "dark");
    show();
  });
  show();
}

// Dark or light theme: the system's, until one is chosen.

const MEMORY = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (localStorage.getItem(MEMORY) ?? (system.matches ? "dark" : "light")) === "dark";

/** Apply the theme, and make a button switch it. */
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

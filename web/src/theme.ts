// Light or dark: the system's choice, unless the person chose. It is kept for this browser.

const STORED = "conveyor.theme";

export type Theme = "system" | "light" | "dark";

export function theme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function setTheme(chosen: Theme): void {
  if (chosen === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, chosen);
  applyTheme();
}

export function applyTheme(): void {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

"use strict";
// Loaded before the page is painted, so that a chosen theme never flashes; without a choice the system decides.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem("hausgeist:theme");
    } catch {
      return null;
    }
  };
  const dark = () => {
    const chosen = root.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  };
  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const toggle = document.getElementById("theme");
    const label = () => {
      toggle.setAttribute("aria-pressed", String(dark()));
      toggle.title = dark() ? "Use the light theme" : "Use the dark theme";
    };
    toggle.addEventListener("click", () => {
      apply(dark() ? "light" : "dark");
      try {
        localStorage.setItem("hausgeist:theme", root.dataset.theme);
      } catch {
        // A browser that keeps nothing still shows what was chosen.
      }
      label();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
    label();
  });
})();

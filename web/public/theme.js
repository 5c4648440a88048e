// The theme that a reader chose, before the first frame is drawn. What else a
// reader may choose is in src/settings/appearance.ts.
(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("mitmflow.theme");
  } catch {
    // A browser may refuse to keep anything.
  }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();

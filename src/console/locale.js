/**
 * Loaded before uPlot, which formats numbers for `navigator.language` while it
 * loads: it throws if that is no language (`C`, `en-US@posix`), and the console
 * would stay empty.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

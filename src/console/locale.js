/**
 * Replaces an invalid `navigator.language` (`C`, `en-US@posix`). Loaded before
 * uPlot, because uPlot throws on an invalid language while loading, and the
 * console would stay empty.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

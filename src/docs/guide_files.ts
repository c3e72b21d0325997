/** The pages of the guide in the order of reading: files in `guide/`, without `.md`. */
export const guidePageNames = [
  "tour",
  "recipes",
  "browser_client",
  "protocol",
  "configuration",
  "durability",
  "security",
  "operations",
  "scaling",
  "performance",
  "comparison",
  "contributing",
  "changelog",
] as const;

/** The pictures of the guide, files in `pictures/`, and their media types. */
export const pictureTypes: Readonly<Record<string, string>> = {
  "console.png": "image/png",
  "growth-history.svg": "image/svg+xml",
  "growth-sockets.svg": "image/svg+xml",
  "growth-tasks.svg": "image/svg+xml",
  "growth-watchers.svg": "image/svg+xml",
  "peers.svg": "image/svg+xml",
  "terminal.png": "image/png",
};

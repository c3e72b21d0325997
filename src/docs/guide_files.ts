/** The pages of the guide in the order of reading: files in `guide/`, without `.md`. */
export const guidePageNames = [
  "tour",
  "recipes",
  "browser_client",
  "lists",
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

/** The pictures of the guide: files in `pictures/`. */
export const pictureNames: readonly string[] = [
  "console.png",
  "growth-history.svg",
  "growth-sockets.svg",
  "growth-tasks.svg",
  "growth-watchers.svg",
  "peers.svg",
  "moving.svg",
];

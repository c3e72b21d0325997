/**
 * The browser client in Node, Bun or Deno: watches a task, and prints each
 * update, notice and the end as lines of JSON.
 *
 * Usage: node client_node.mjs <URL of the client> <URL of ws, or empty> <server> <connection_id> [token...]
 */
import process from "node:process";

const [, , client, ws, server, taskId, ...tokens] = process.argv;
const { watchTask } = await import(client);
const options = ws ? { WebSocket: (await import(ws)).default } : {};

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const watch = watchTask(server, taskId, {
  ...options,
  getToken: () => tokens.length > 1 ? tokens.shift() : tokens[0],
  onConnected: (frame) => print({ identity: frame }),
  onState: (state) => print({ state }),
});
try {
  for await (const update of watch) print({ update });
  print({ end: "done" });
} catch ({ name, code, closeCode }) {
  print({ end: [name, code, closeCode] });
}
// The process ends here by itself, since nothing is left behind.

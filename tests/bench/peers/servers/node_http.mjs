/** Publishing over Node's HTTP server, for the servers that run on Node. @module */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import * as contract from "./contract.mjs";

/** Loads a package that is installed for these servers alone. */
export const loadPackage = createRequire(
  new URL("../.cache/", import.meta.url),
);

async function readText(request) {
  request.setEncoding("utf8");
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

/** A server whose `publish(id, event)` returns the answer to one event. */
export function publishingServer(publish) {
  return createServer(async (request, response) => {
    const text = await readText(request);
    const id = contract.publishedId(request.url);
    if (id) {
      response.writeHead(201, { "Content-Type": "application/json" });
      response.end(JSON.stringify(publish(id, JSON.parse(text))));
    } else if (request.url === "/api/events") {
      response.end(contract.publishLines(text, publish));
    } else {
      response.writeHead(404).end();
    }
  });
}

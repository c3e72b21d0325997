import assert from "node:assert/strict";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { TaskwireProvider, useTask, useTasks } from "taskwire/react";

globalThis.WebSocket = globalThis.fetch = () => assert.fail("connects");

function Shown() {
  const initialTask = { connection_id: "a", status: "running", attempt: 1 };
  const { task, connection } = useTask("a", { initialTask });
  const { tasks, complete } = useTasks({ mine: true });
  return `${task.status} ${connection} ${tasks.length} ${complete}`;
}

const provider = createElement(
  TaskwireProvider,
  { url: "/" },
  createElement(Shown),
);
assert.equal(renderToString(provider), "running connecting 0 false");

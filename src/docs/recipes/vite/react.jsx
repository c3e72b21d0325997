import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { TaskwireProvider, useTask, useTasks } from "taskwire/react";
import { getToken, upload, url } from "./server.js";

function Upload({ id }) {
  const { task, connection, error, cancel } = useTask(id, {
    onSettled: ({ status }) => document.title = `Upload ${status}`,
  });
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <section aria-label="Upload">
      <progress value={task?.progress ?? 0} aria-label={task?.title ?? id} />
      <p>{task?.status ?? "unknown"}: {task?.message}</p>
      {connection === "waiting" && <p role="status">Reconnecting …</p>}
      <button type="button" onClick={cancel}>
        {task?.cancel_requested ? "Stopping …" : "Stop"}
      </button>
    </section>
  );
}

function MyTasks() {
  const { tasks, complete } = useTasks({ mine: true, limit: 20 });
  return (
    <section aria-label="My tasks">
      <ul>
        {tasks.map((task) => (
          <li key={task.connection_id}>
            {task.title ?? task.connection_id}: {task.status}
          </li>
        ))}
      </ul>
      {!complete && <p>Older tasks are not shown.</p>}
    </section>
  );
}

createRoot(document.querySelector("#app")).render(
  <StrictMode>
    <TaskwireProvider url={url} getToken={getToken}>
      <Upload id={upload} />
      <MyTasks />
    </TaskwireProvider>
  </StrictMode>,
);

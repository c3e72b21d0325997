import { StrictMode, useEffect } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { TaskwireProvider, useTask } from "taskwire/react";
import { getToken, url } from "../server.js";

/** Read by the test. */
const seen = { commits: 0, settled: [], states: [], now: undefined };

function Probe({ id, options }) {
  const now = useTask(id, {
    ...options,
    onSettled: ({ attempt, status }) =>
      seen.settled.push(`${id} ${attempt} ${status}`),
  });
  useEffect(() => {
    seen.commits++;
    seen.now = now;
    seen.states.push(`${now.task?.connection_id} ${now.connection}`);
  });
  return null;
}

const root = createRoot(document.querySelector("#app"));

/** Shows a task, or none. */
function show(id, options) {
  flushSync(() =>
    root.render(
      <StrictMode>
        <TaskwireProvider url={url} getToken={getToken} staysAfterEnd>
          {id && <Probe id={id} key={options?.key} options={options} />}
        </TaskwireProvider>
      </StrictMode>,
    )
  );
}

globalThis.probe = { seen, show };

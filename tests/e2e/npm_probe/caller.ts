/** Checked by TypeScript with the strictest settings of users: a caller of each module. */
import { connect, type Task, watchTask } from "taskwire";
import { createElement } from "react";
import { TaskwireProvider, useTask, type UseTaskOptions, useTasks } from "taskwire/react";
import { taskwire, useTask as useVueTask, useTasks as useVueTasks } from "taskwire/vue";
import { setTaskwire, useTask as useSvelteTask, useTasks as useSvelteTasks } from "taskwire/svelte";
import { configure, TaskwireProgress } from "taskwire/elements";
import { task, track, Canceled } from "taskwire/worker";
import { createApp, ref } from "vue";
interface Row { rows: number }
export function Shown(props: { id: string; enabled?: boolean; throttleMs?: number; initialTask?: Task & { data?: Row }; onSettled?: UseTaskOptions<Row>["onSettled"] }) {
  const { enabled, throttleMs, initialTask, onSettled } = props;
  const { task, connection, error, cancel } = useTask<Row>(props.id, { enabled, throttleMs, initialTask, onSettled });
  const rows: number | undefined = task?.data?.rows;
  const state: "connecting" | "open" | "waiting" | "closed" = connection;
  const list = useTasks({ mine: true, limit: 5, status: ["running"] }, { enabled, throttleMs });
  const byLabel = useTasks({ labels: ["a"], limit: undefined });
  return createElement("p", { onClick: cancel }, rows, state, error?.code, list.tasks[0]?.title, byLabel.complete);
}
export const provider = (getToken?: () => Promise<string>) => createElement(TaskwireProvider, { url: "/", getToken, children: "a" });
createApp({}).use(taskwire, { url: "/", getToken: undefined });
const id = ref("a");
export const v = useVueTask<Row>(id, { enabled: () => true, onSettled: (t) => t.data?.rows.toFixed() });
export const n: number | undefined = v.task.value?.data?.rows;
export const vl = useVueTasks(() => ({ mine: true as const }));
setTaskwire("/", {});
export const s = useSvelteTask<Row>(() => "a", { enabled: undefined });
export const sl = useSvelteTasks(() => ({ labels: ["a"] })).tasks[0]?.status;
configure({ url: undefined, getToken: async () => "x" });
export const el: HTMLElement = new TaskwireProgress();
export const all = [connect, watchTask, task, track, Canceled];
// @ts-expect-error a number is no id
useTask(1);
// @ts-expect-error an empty query
useTasks({});

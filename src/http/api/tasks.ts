import { type AuthorizationContext, requireScope } from "../authorization.ts";
import { JsonAnswer } from "../answer_headers.ts";
import { type Context, Hono } from "hono";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import { heartbeatHandler } from "./heartbeat.ts";
import type { Hub } from "../../watch/hub.ts";
import { maxPageLength } from "../../store/list_page.ts";
import { maxLabels } from "../../tasks/draft.ts";
import type { TaskEvent } from "../../tasks/event.ts";
import { describeForOperator } from "../../tasks/snapshot.ts";
import type { ListQuery, Store } from "../../tasks/store.ts";
import {
  describeOutcome,
  maxEventBytes,
  parseDraft,
  parseObject,
  refusalProblem,
} from "./draft_body.ts";
import { inBodyTime } from "../body_deadline.ts";
import {
  badQuery,
  parseStatus,
  readBody,
  readWhole,
  refuseEncoded,
} from "../request.ts";
import { listWithin } from "./limited_list.ts";
import { showOperatorList } from "./operator_list.ts";
import {
  checkState,
  checkTask,
  epochWithin,
  limitChange,
  unknownTask,
} from "../task_access.ts";
import { readTaskId } from "../../connections/read_task_id.ts";
import { createStreams } from "../../sse/streams.ts";

/** The parts of the server used by the task routes. */
export interface TaskRoutesContext extends AuthorizationContext {
  readonly store: Store;
  readonly hub: Hub;
  readonly registry: ConnectionRegistry;
}

/** The number of tasks or events per answer. */
const page = { min: 1, max: 1_000, fallback: 100 };

/** The range of an offset or a cursor. */
const position = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Matches any id; lazy, to leave a following `/events` out of the id. */
const id = "/:connection_id{[^]+?}";

/** Serves `/api/tasks`: backends publish, operators read (spec §2). */
export function taskRoutes(services: TaskRoutesContext): Hono {
  const { store, hub } = services;
  const beat = heartbeatHandler(services);
  const requirePublisher = (c: Context) =>
    requireScope(c, ["publish", "admin"], services);
  const requireReader = (c: Context) => requireScope(c, ["admin"], services);
  const streamTasks = createStreams(services)("tasks_sse", async (c) => {
    const credential = await requireReader(c);
    const query = readListQuery(c);
    if (c.req.query("cursor") !== undefined) {
      throw badQuery("cursor: a stream has no pages");
    }
    return {
      taskId: "tasks",
      serve: (connection) =>
        showOperatorList(connection, query, credential, services),
    };
  });
  const app = new Hono();

  app.post(
    `${id}/events`,
    // One handler without middleware: Hono then composes no chain per request.
    async function publishEvent(c) {
      const limits = await requirePublisher(c);
      refuseEncoded(c);
      const taskId = readTaskId(c);
      const body = parseObject(
        await inBodyTime(readBody(c.req.raw, maxEventBytes), services.config),
      );
      const key = c.req.header("idempotency-key");
      const draft = parseDraft(key ? { event_id: key, ...body } : body);
      const change = limitChange(limits, taskId, draft);
      const outcome = await store.publish(taskId, change);
      return new JsonAnswer(
        await describeOutcome({ taskId, change }, outcome, store),
        201,
      );
    },
  );

  app.get(`${id}/events`, async function readEvents(c) {
    const limits = await requireReader(c);
    const taskId = readTaskId(c);
    const limit = readWhole(c, "limit", page);
    const offset = readWhole(c, "offset", { ...position, fallback: 0 });
    checkTask(limits, taskId);
    const { epoch, state } = await store.read(taskId);
    checkState(limits, taskId, state);
    const { epoch: askedEpoch, offset: askedOffset } = c.req.query();
    const since = askedEpoch === undefined && askedOffset === undefined
      ? "oldest"
      : { epoch: askedEpoch ?? epoch, offset };
    const view = await store.read(
      taskId,
      since,
      limit,
      maxPageLength,
    );
    // Between the reads, the id may have gone to a task of somebody else.
    checkState(limits, taskId, view.state);
    return c.json({
      connection_id: taskId,
      epoch: view.epoch,
      offset: view.offset,
      recovered: view.recovered,
      events: view.events.map(({ json }): TaskEvent => JSON.parse(json)),
    });
  });

  app.post(`${id}/heartbeat`, async function publishHeartbeat(c) {
    return await beat(c, await requirePublisher(c));
  });

  app.post(`${id}/cancel`, async function cancel(c) {
    const limits = await requirePublisher(c);
    const taskId = readTaskId(c);
    const change = limitChange(limits, taskId, { kind: "cancel" });
    const outcome = await store.publish(taskId, change);
    if (outcome.kind === "refused") {
      throw refusalProblem(outcome.refusal);
    }
    return c.json({ connection_id: taskId, cancel_requested: true });
  });

  app.get("/", async function listTasks(c) {
    if (wantsStream(c)) return await streamTasks(c);
    const limits = await requireReader(c);
    const cursor = readWhole(c, "cursor", {
      ...position,
      fallback: position.max,
    });
    const list = await listWithin(
      limits,
      { ...readListQuery(c), cursor },
      store,
    );
    return c.json({
      tasks: list.tasks.map(({ state, watchers }) =>
        describeForOperator(
          state,
          watchers ?? hub.watcherCount(state.snapshot.connection_id),
        )
      ),
      ...(list.cursor === undefined ? {} : { cursor: String(list.cursor) }),
    });
  });

  app.get(id, async function readTask(c) {
    const limits = await requireReader(c);
    const taskId = readTaskId(c);
    checkTask(limits, taskId);
    const { state, watchers = hub.watcherCount(taskId) } = await store
      .read(taskId);
    return c.json(
      describeForOperator(checkState(limits, taskId, state), watchers),
    );
  });

  app.delete(id, async function forgetTask(c) {
    const limits = await requirePublisher(c);
    const taskId = readTaskId(c);
    const epoch = await epochWithin(limits, taskId, store);
    if (!await store.forget(taskId, epoch)) throw unknownTask();
    return c.body(null, 204);
  });
  return app;
}

/** True if the client asks for an event stream; HEAD can't be a stream. */
function wantsStream(c: Context): boolean {
  return c.req.method === "GET" &&
    /\btext\/event-stream\b/i.test(c.req.header("accept") ?? "");
}

/** @throws {ProblemError} 400 for a bad query. */
function readListQuery(c: Context): Omit<ListQuery, "cursor"> {
  const status = c.req.query("status");
  const owner = c.req.query("user_id");
  const labels = c.req.queries("label") ?? [];
  if (labels.length > maxLabels.count) {
    throw badQuery(`label: give ${maxLabels.count} labels at most`);
  }
  return {
    limit: readWhole(c, "limit", page),
    ...(status === undefined ? {} : { statuses: [parseStatus(status)] }),
    ...(owner === undefined ? {} : { owner }),
    ...(labels.length === 0 ? {} : { labels }),
  };
}

/**
 * Publishes a task's progress by `fetch`: Node 18 or later, Deno, Bun; no
 * package.
 *
 *     TASKWIRE_API_KEYS=... node publish.mjs upload_1
 */
import { randomUUID } from "node:crypto";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

/** The server understood the event and does not take it: don't send it again. */
export class Refused extends Error {
  constructor(status, problem) {
    const { code, detail } = problem ?? {};
    super(`HTTP ${status}: ${code}: ${detail}`);
    this.status = status;
    this.code = code;
  }
}

/**
 * Publishes one event of a task.
 *
 * Each try has the same `event_id`, so an event whose answer was lost is not
 * delivered twice.
 *
 * @param connectionId The task's.
 * @param event Such as `{ progress: 0.5, lease: 30 }`.
 * @returns The server's answer; `cancel_requested` asks the worker to stop.
 * @throws {Refused} Where the event is not taken.
 * @throws The last error, when no try came through.
 */
export async function publish(connectionId, event, options = {}) {
  return await request(`${encodeURIComponent(connectionId)}/events`, {
    method: "POST",
    body: JSON.stringify({ event_id: randomUUID(), ...event }),
  }, options);
}

/**
 * Reads a task.
 *
 * @returns Its snapshot, such as `{ status: "running", attempt: 1, ... }`.
 * @throws As `publish` does.
 */
export async function snapshot(connectionId, options = {}) {
  return await request(encodeURIComponent(connectionId), {}, options);
}

async function request(path, init, options) {
  const {
    url = process.env.TASKWIRE_URL ?? "http://127.0.0.1:8000",
    apiKey = process.env.TASKWIRE_API_KEYS?.split(",")[0].trim(),
    tries = 6,
  } = options;
  const target = `${url.replace(/\/$/, "")}/api/tasks/${path}`;
  for (let attempt = 1;; attempt += 1) {
    try {
      return await ask(target, apiKey, init);
    } catch (error) {
      if (error instanceof Refused || attempt === tries) throw error;
    }
    // At random, so that workers do not all come back at once.
    await sleep(Math.random() * Math.min(10_000, 250 * 2 ** attempt));
  }
}

async function ask(target, apiKey, init) {
  const response = await fetch(target, {
    ...init,
    headers: {
      Authorization: `Bearer ${apiKey}`,
      "Content-Type": "application/json",
    },
    redirect: "manual", // another address must not receive the API key
    signal: AbortSignal.timeout(10_000),
  });
  if (response.ok) {
    const answer = await response.json();
    if (typeof answer?.offset === "number") return answer;
    throw new Error("no answer of a taskwire server: check TASKWIRE_URL");
  }
  const text = await response.text();
  if (response.status >= 500 || response.status === 429) {
    throw new Error(`HTTP ${response.status}: ${text}`);
  }
  throw new Refused(response.status, problemOf(text));
}

function problemOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { code: "unknown", detail: "is that a taskwire server?" };
  }
}

/** Plays a worker that counts rows and stops when it is asked to. */
async function main(connectionId, total = 100) {
  const stepMs = 1_000 * Number(process.env.STEP_SECONDS ?? "0.5");
  for (let current = 0; current < total; current += 10) {
    const { cancel_requested } = await publish(connectionId, {
      ...{ status: "running", current, total, unit: "rows" },
      ...{ message: "importing", lease: 30 },
    });
    if (cancel_requested) {
      await publish(connectionId, { status: "canceled" });
      return 1;
    }
    await sleep(stepMs);
  }
  await publish(connectionId, { status: "succeeded", current: total });
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv[2] ?? "upload_1");
}

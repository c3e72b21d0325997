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

/** The server refused the event: sending the event again will not help. */
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
 * Every attempt has the same `event_id`: if an answer gets lost, the event is
 * still delivered only once.
 *
 * @param connectionId The id of the task.
 * @param event Such as `{ progress: 0.5, lease: 30 }`.
 * @returns The server's answer; `cancel_requested` asks the worker to stop.
 * @throws {Refused} If the server refuses the event.
 * @throws The last error, if all attempts failed.
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
 * @returns The snapshot, such as `{ status: "running", attempt: 1, ... }`.
 * @throws The same errors as `publish`.
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
    // Random, so that workers do not all reconnect at once.
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
    redirect: "manual", // never sends the API key to a different address
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

/** Plays a worker that counts rows and stops when asked to cancel. */
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

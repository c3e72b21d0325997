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
  constructor(status, { code, detail }) {
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
  const {
    url = process.env.TASKWIRE_URL ?? "http://127.0.0.1:8000",
    apiKey = process.env.TASKWIRE_API_KEYS?.split(",")[0],
    tries = 6,
  } = options;
  const target = `${url}/api/tasks/${encodeURIComponent(connectionId)}/events`;
  const body = JSON.stringify({ event_id: randomUUID(), ...event });
  for (let attempt = 1;; attempt += 1) {
    try {
      return await post(target, apiKey, body);
    } catch (error) {
      if (error instanceof Refused || attempt === tries) throw error;
    }
    // At random, so that workers do not all come back at once.
    await sleep(Math.random() * Math.min(10_000, 250 * 2 ** attempt));
  }
}

async function post(target, apiKey, body) {
  const response = await fetch(target, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${apiKey}`,
      "Content-Type": "application/json",
    },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  if (response.ok) return await response.json();
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
      ...{ current, total, unit: "rows", message: "importing", lease: 30 },
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

import { causeOfStatus, Fault, networkFault } from "../terminal/fault.ts";
import { parseObject } from "./parse_object.ts";
import { redirectTarget } from "./server_url.ts";

/** The time limit of an answer, in milliseconds. */
const answerTimeoutMs = 10_000;

/**
 * Checks that a task's stream of Server-Sent Events begins at once.
 *
 * @throws {Fault} If the first event does not arrive in time.
 */
export async function checkStream(
  url: URL,
  token: string | undefined,
  timeoutMs = answerTimeoutMs,
): Promise<void> {
  const stop = new AbortController();
  const response = await request(url, {
    ...(token ? { headers: { Authorization: `Bearer ${token}` } } : {}),
    signal: AbortSignal.any([
      stop.signal,
      AbortSignal.timeout(timeoutMs),
    ]),
  });
  try {
    // TASKWIRE_AUTH=required; a proxy's own login has another content type.
    if (response.status === 401 && isProblem(response)) return;
    await expectOk(response, url);
    await expectEvents(response, timeoutMs);
  } finally {
    stop.abort();
  }
}

async function expectEvents(
  { headers, body }: Response,
  timeoutMs: number,
): Promise<void> {
  const type = headers.get("content-type") ?? "nothing";
  if (!type.startsWith("text/event-stream") || body === null) {
    throw new Fault(
      `the response is ${type} instead of text/event-stream`,
      "not_passed_on",
    );
  }
  let text = "";
  try {
    // Deno 2.4 and 2.9 declare different types for the body's bytes.
    const bytes: ReadableStream = body;
    for await (const part of bytes.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (/^event: sync$/m.test(text)) return;
    }
  } catch (error) {
    if (error instanceof DOMException) {
      throw new Fault(
        `no event within ${timeoutMs / 1_000} s`,
        "buffered",
      );
    }
    if (error instanceof TypeError) throw networkFault(error);
    throw error;
  }
  throw new Fault("the stream ended before its first event", "cut");
}

/**
 * Publishes an event, then deletes its task.
 *
 * @param task The address of the task.
 * @throws {Fault} If the event is not stored.
 */
export async function checkPublish(task: URL, apiKey: string): Promise<void> {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new Fault(
      "the first key in TASKWIRE_API_KEYS cannot be sent: HTTP headers allow only ASCII characters",
      "other_key",
    );
  }
  const headers = { Authorization: `Bearer ${apiKey}` };
  const url = new URL(`${task.href}/events`);
  const response = await request(url, {
    method: "POST",
    headers,
    body: JSON.stringify({ status: "succeeded", message: "taskwire check" }),
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  await expectOk(response, url);
  const text = await response.text();
  if (!/"offset":1\b/.test(text)) {
    throw new Fault(
      "the answer is not from a taskwire server",
      "not_passed_on",
    );
  }
  // A JWT without the right to delete leaves the task until the task expires.
  const deleted = await request(task, {
    method: "DELETE",
    headers,
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  await deleted.body?.cancel();
}

async function request(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "manual" });
  } catch (error) {
    if (error instanceof TypeError) throw networkFault(error);
    if (!(error instanceof DOMException)) throw error;
    throw new Fault(`no answer within ${answerTimeoutMs / 1_000} s`, "cut");
  }
}

/** Throws a fault, with the problem's detail, unless the status is 2xx. */
async function expectOk(response: Response, url: URL): Promise<void> {
  const { ok, status } = response;
  if (ok) return;
  const movedTo = redirectTarget(response, url);
  const text = await response.text();
  if (movedTo !== undefined) {
    throw new Fault(`HTTP ${status}: moved to ${movedTo}`, "redirected");
  }
  const problem = isProblem(response) ? parseObject(text) : undefined;
  if (problem === undefined) {
    // The runtime's answer to a request with both a body and an Upgrade header.
    const isBare = status === 400 && text === "";
    throw new Fault(
      `HTTP ${status}, not from taskwire`,
      isBare ? "upgrade_with_body" : causeOfStatus(status),
    );
  }
  const { code, detail } = problem;
  throw new Fault(
    `HTTP ${status}: ${code}: ${detail}`,
    code === "unauthorized" || status === 401 ? "other_key" : undefined,
  );
}

function isProblem({ headers }: Response): boolean {
  return headers.get("content-type")
    ?.startsWith("application/problem+json") === true;
}

/** The settings of all tasks. */
export interface Settings {
  /** The server. @default {TASKWIRE_URL, otherwise http://127.0.0.1:8000} */
  readonly url?: string | undefined;
  /** The key to publish with. @default {the first of TASKWIRE_API_KEYS} */
  readonly apiKey?: string | undefined;
  /** How long an event is sent again, in milliseconds. @default {3600000} */
  readonly retryForMs?: number | undefined;
  /** The time for an answer, in milliseconds. @default {10000} */
  readonly timeoutMs?: number | undefined;
  /** Called with warnings. @default {console.warn} */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** The server's answer to an event. */
export interface Answer {
  readonly epoch: string;
  readonly offset: number;
  readonly duplicate: boolean;
  readonly cancel_requested: boolean;
  /** The amount done after the event. */
  readonly current?: number;
  /** The amount to do. */
  readonly total?: number;
}

/** The server refused a request: sending the request again will not help. */
export class Refused extends Error {
  override readonly name = "Refused";
  /** The HTTP status. */
  readonly status: number;
  /** A stable word for programs: `task_finished`, `unauthorized`, … */
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(`HTTP ${status}: ${code}: ${detail}`);
    this.status = status;
    this.code = code;
  }
}

/** True for the status of a request to send again. */
export function isTemporary(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/**
 * Sends a request to the server.
 *
 * @param path Below the server's address, such as `api/events`.
 * @param body JSON, or lines of JSON.
 * @param waitMs The time for which the server may wait before the answer.
 * @param signal Breaks the request off.
 * @returns The body of the answer.
 * @throws {Refused} If the server refuses the request.
 * @throws {Error} If there is no answer, and another try may help.
 */
export async function post(
  path: string,
  body: string,
  settings: Settings,
  waitMs = 0,
  signal?: AbortSignal,
): Promise<string> {
  const { timeoutMs = 10_000 } = settings;
  const response = await fetch(new URL(path, addressOf(settings)), {
    method: "POST",
    body,
    headers: {
      "Authorization": `Bearer ${keyOf(settings)}`,
      "Content-Type": path.endsWith("api/events")
        ? "application/x-ndjson"
        : "application/json",
    },
    redirect: "manual", // never sends the key to a different address
    signal: AbortSignal.any([
      AbortSignal.timeout(timeoutMs + waitMs),
      ...(signal ? [signal] : []),
    ]),
  });
  const text = await response.text();
  if (response.ok) return text;
  if (isTemporary(response.status)) {
    throw new Error(`HTTP ${response.status}`);
  }
  const { code = "unknown", detail = "is that a taskwire server?" } =
    parseObject(text);
  throw new Refused(response.status, String(code), String(detail));
}

/** Parses a JSON object; anything else becomes an empty object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function addressOf({ url = read("TASKWIRE_URL") }: Settings): string {
  return `${url || "http://127.0.0.1:8000"}`.replace(/\/*$/, "/");
}

function keyOf({ apiKey = read("TASKWIRE_API_KEYS") }: Settings): string {
  return (apiKey ?? "").split(",")[0]?.trim() ?? "";
}

/** The environment of Node, Deno and Bun. */
interface Host {
  readonly process?: { readonly env: Record<string, string | undefined> };
}

function read(name: string): string | undefined {
  return (globalThis as Host).process?.env[name];
}

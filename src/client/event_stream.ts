import type { ErrorFrame } from "./api.ts";
import type { Carrier, CarrierEvents } from "./session.ts";

/**
 * Opens a stream of Server-Sent Events (HTML Living Standard §9.2) by `fetch`,
 * since an `EventSource` can't send the token in a header.
 *
 * @param lastEventId Where to resume, `epoch:offset`.
 */
export function openEventStream(
  fetch: typeof globalThis.fetch,
  url: URL,
  token: string | undefined,
  lastEventId: string | undefined,
  events: CarrierEvents,
): Carrier {
  const controller = new AbortController();
  const { signal } = controller;

  function end(code: number, reason?: ErrorFrame): void {
    if (!signal.aborted) events.onEnd(code, reason);
  }

  async function read(): Promise<void> {
    const response = await fetch(url.href, {
      signal,
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}),
      },
    });
    const { status, body } = response;
    if (status === 204) return end(1000);
    if (status !== 200 || !body) {
      return end(closeCodeOf(status), await reasonOf(response));
    }
    events.onLife();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return end(1006);
      events.onLife();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        // The server writes `\n` alone, and a frame has no line ends.
        const [, data] = /^data: ([^\n]*)/m.exec(block) ?? [];
        if (data && !signal.aborted) events.onFrame(JSON.parse(data));
      }
    }
  }
  read().catch((error) =>
    end(1006, { code: "network_error", message: String(error) })
  );
  return { close: () => controller.abort() };
}

/** The close code that stands for an HTTP status (spec §2). */
function closeCodeOf(status: number): number {
  return [400, 401, 403].includes(status) ? 4000 + status : 1013;
}

/** RFC 9457, and RFC 9110 §10.2.3. */
async function reasonOf(response: Response): Promise<ErrorFrame> {
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After"));
  return {
    code: problem.code ?? `http_${response.status}`,
    message: problem.detail ?? response.statusText,
    ...(seconds > 0 ? { retry_after_ms: seconds * 1_000 } : {}),
  };
}

import type { Frame } from "./socket.ts";

/** A stream opened by a client. */
export interface FixtureStream {
  readonly request: Request;
  /** Sends frames, as an event per frame. */
  send(...frames: Frame[]): void;
  /** Sends raw text. */
  write(text: string): void;
  end(): void;
}

/** A scripted server of streams. WebSockets are refused. */
export interface SseFixture extends AsyncDisposable {
  readonly origin: string;
  /** The number of refused WebSockets. */
  readonly refused: number;
  /** Returns the next stream. Answers with a stream, or with the given response. */
  next(answer?: Response): Promise<FixtureStream>;
}

export function serveStreams(): SseFixture {
  const asked: ((request: Request) => Response)[] = [];
  const waiting: (() => void)[] = [];
  const streams = new Set<FixtureStream>();
  let refused = 0;

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/ws/")) {
      refused += 1;
      return new Response("No WebSockets here", { status: 403 });
    }
    if (!pathname.startsWith("/sse/")) return new Response("A page");
    while (asked.length === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    const reply = asked.shift();
    return reply ? reply(request) : new Response(null, { status: 500 });
  }
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );

  function open(request: Request): [Response, FixtureStream] {
    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController | undefined;
    const body = new ReadableStream({
      start: (made) => {
        controller = made;
      },
      cancel: () => void streams.delete(stream),
    });
    const stream: FixtureStream = {
      request,
      write: (text) => controller?.enqueue(encoder.encode(text)),
      send(...frames) {
        for (const frame of frames) {
          stream.write(
            `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\nid: 1\n\n`,
          );
        }
      },
      end() {
        if (streams.delete(stream)) controller?.close();
      },
    };
    streams.add(stream);
    const headers = { "Content-Type": "text/event-stream" };
    return [new Response(body, { headers }), stream];
  }

  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    get refused() {
      return refused;
    },
    next: (refusal) =>
      new Promise((resolve) => {
        asked.push((request) => {
          const [response, stream] = open(request);
          if (refusal) stream.end();
          resolve(stream);
          return refusal ?? response;
        });
        waiting.shift()?.();
      }),
    async [Symbol.asyncDispose]() {
      for (const stream of [...streams]) stream.end();
      await server.shutdown();
    },
  };
}

/** Returns the first frames of a stream. */
export function greeting(sync: Frame = {}): Frame[] {
  return [
    { type: "connected", user_id: 1, auth_status: "guest" },
    {
      type: "sync",
      epoch: "e",
      offset: 0,
      recovered: false,
      task: null,
      ...sync,
    },
  ];
}

import type { Frame } from "./socket.ts";

/** One stream that a client has opened. */
export interface FixtureStream {
  readonly request: Request;
  /** Sends frames, each as one event. */
  send(...frames: Frame[]): void;
  /** Sends text as it is. */
  write(text: string): void;
  end(): void;
}

/** A server of streams that does what a test says; WebSockets are refused. */
export interface SseFixture extends AsyncDisposable {
  readonly origin: string;
  /** The WebSockets that were refused. */
  readonly refused: number;
  /** The next stream; its answer is a stream, or the response given here. */
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

/** What a stream begins with. */
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

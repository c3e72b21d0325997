/**
 * A proxy that loses the first answer: the server has processed the request,
 * but the client gets a 503.
 */
export interface ForgetfulProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The received bodies, in order. */
  readonly bodies: readonly string[];
}

/** @param target The origin of the server behind the proxy. */
export function startForgetfulProxy(target: string): ForgetfulProxy {
  const bodies: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const body = await request.text();
      const isFirst = bodies.push(body) === 1;
      const { pathname } = new URL(request.url);
      const { method, headers } = request;
      const response = await fetch(target + pathname, {
        method,
        headers,
        body,
      });
      // Without the answer's `Content-Encoding`: the text is decoded.
      const answer = await response.text();
      const type = response.headers.get("content-type") ?? "text/plain";
      return isFirst
        ? new Response("no answer", { status: 503 })
        : new Response(answer, {
          status: response.status,
          headers: { "Content-Type": type },
        });
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    bodies,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

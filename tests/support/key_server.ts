/** A real HTTP server with a key set. Disposing stops the server. */
export interface KeyServer extends AsyncDisposable {
  readonly url: URL;
  /** The number of requests so far. */
  readonly requests: number;
  /** The answer from now on: a key set, or any response. */
  answer: { keys: unknown[] } | (() => Response | Promise<Response>);
}

export function startKeyServer(answer: KeyServer["answer"]): KeyServer {
  let requests = 0;
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => {
      requests += 1;
      const { answer } = server;
      return typeof answer === "function" ? answer() : Response.json(answer);
    },
  );
  const server: KeyServer = {
    url: new URL(`http://127.0.0.1:${http.addr.port}/jwks.json?secret=q`),
    get requests() {
      return requests;
    },
    answer,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
  return server;
}

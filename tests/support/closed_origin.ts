/** Returns `http://127.0.0.1:PORT` with the port of a closed server. */
export function closedOrigin(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}

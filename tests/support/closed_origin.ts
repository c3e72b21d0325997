/** `http://127.0.0.1:PORT` where a server was and nothing listens any more. */
export function closedOrigin(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}

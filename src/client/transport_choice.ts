import type { Transport } from "./api.ts";

/** The transport of a client's links. */
export interface TransportChoice {
  /** As configured, or the first working transport. */
  current: "auto" | Transport;
  /** Counts attempts to connect. A failure to get a token is no attempt. */
  attempts: number;
}

/** Returns the next transport to try: WebSocket twice, then an event stream, repeated until a transport works. */
export function nextTransport(
  { current, attempts }: TransportChoice,
): Transport {
  if (current !== "auto") return current;
  return attempts % 3 === 2 ? "sse" : "websocket";
}

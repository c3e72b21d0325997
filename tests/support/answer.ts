import type { Frame } from "./socket.ts";

/** A response that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text, parsed. */
  json(): Frame;
}

/** Reads a response to its end, so that nothing of it is left open. */
export async function answerOf(
  pending: Response | Promise<Response>,
): Promise<Answer> {
  const response = await pending;
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, json: () => JSON.parse(text) };
}

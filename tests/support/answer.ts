import type { Frame } from "./socket.ts";

/** A response, read to the end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text, parsed. */
  json(): Frame;
}

/** Reads a response to the end, to leave no body open. */
export async function answerOf(
  pending: Response | Promise<Response>,
): Promise<Answer> {
  const response = await pending;
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, json: () => JSON.parse(text) };
}

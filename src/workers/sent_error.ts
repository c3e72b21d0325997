import { StoreUnavailableError } from "../tasks/store.ts";
import type { SentError } from "./messages.ts";

/** An error as it goes over a link. */
export function sendError(error: unknown): SentError {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

/** The error that was sent, of the class by which callers tell what to do. */
export function receiveError({ name, message }: SentError): Error {
  if (name === "StoreUnavailableError") {
    return new StoreUnavailableError(message);
  }
  const error = new Error(message);
  error.name = name;
  return error;
}

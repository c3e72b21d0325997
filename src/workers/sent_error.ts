import {
  BackupUnsupportedError,
  StoreUnavailableError,
} from "../tasks/store.ts";
import type { SentError } from "./messages.ts";

/** Makes an error sendable over a link. */
export function sendError(error: unknown): SentError {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

/** Restores a sent error, with the class by which callers tell errors apart. */
export function receiveError({ name, message }: SentError): Error {
  if (name === "StoreUnavailableError") {
    return new StoreUnavailableError(message);
  }
  if (name === "BackupUnsupportedError") return new BackupUnsupportedError();
  const error = new Error(message);
  error.name = name;
  return error;
}

import type { Answer } from "./server.ts";

/** The members of an event (spec §2). */
export type Members = Readonly<Record<string, unknown>>;

/** An event that waits to be sent. */
export interface WaitingEvent {
  readonly taskId: string;
  members: Members;
  /** The time after which the event is dropped, in milliseconds since the start. */
  readonly expiresAtMs: number;
  /** True once sent: a repetition must equal the first try. */
  isFixed: boolean;
  readonly onAnswer: (answer: Answer) => void;
  readonly onRefusal: (code: string) => void;
}

/** True for an event without a status: newer progress may stand for the event. */
export function isProgress({ members }: WaitingEvent): boolean {
  return members.status === undefined;
}

/**
 * Merges progress into the event before: the newest values stand for the older
 * ones, and increments are added up.
 *
 * @returns False if both events have to be sent.
 */
export function merge(before: WaitingEvent, newer: WaitingEvent): boolean {
  const { status = "running" } = before.members;
  if (before.isFixed || status !== "running" || !isProgress(newer)) {
    return false;
  }
  const { increment, ...members } = newer.members;
  const { increment: earlier, ...kept } = before.members;
  if (typeof increment !== "number") {
    before.members = {
      ...("current" in members ? kept : before.members),
      ...members,
    };
    return true;
  }
  const { current } = kept;
  if (typeof current === "number") {
    before.members = { ...kept, ...members, current: current + increment };
    return true;
  }
  const sum = increment + (typeof earlier === "number" ? earlier : 0);
  // The server refuses an increment of 0.
  before.members = {
    ...kept,
    ...members,
    ...(sum === 0 ? {} : { increment: sum }),
  };
  return true;
}

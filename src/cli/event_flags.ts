import { Option } from "commander";
import { findInexactNumber } from "../protocol/exact_numbers.ts";
import { UsageFailure } from "../terminal/failure.ts";

/** The flag of an event's member. */
interface EventFlag {
  /** In commander's syntax. */
  readonly flags: string;
  readonly description: string;
  /** Converts the flag's text to the member's value; by default the text is the value. */
  readonly parse?: (text: string) => unknown;
}

/** The flags of events, by the member. The server validates the values. */
export const eventFlags = {
  status: {
    flags: "--status <word>",
    description:
      "queued, running, succeeded, failed, canceled, or a job queue's own word for one of these",
  },
  attempt: {
    flags: "--attempt <number>",
    description:
      "the number of the attempt, from 1; a higher number is a retry",
    parse: numberOf("--attempt"),
  },
  progress: {
    flags: "--progress <0..1>",
    description: "the share of the work that is done",
    parse: parseProgress,
  },
  current: {
    flags: "--current <number>",
    description: "the number of units done",
    parse: numberOf("--current"),
  },
  increment: {
    flags: "--increment <number>",
    description: "the number of units to add, from one of many workers",
    parse: numberOf("--increment"),
  },
  total: {
    flags: "--total <number>",
    description: "the number of units in all",
    parse: numberOf("--total"),
  },
  unit: { flags: "--unit <word>", description: "the name of a unit" },
  title: {
    flags: "--title <text>",
    description: "the name of the task for people",
  },
  labels: {
    flags: "--labels <list>",
    description:
      "on a task's first event: the labels by which lists find the task, comma-separated",
    parse: (text) => text.split(",").map((label) => label.trim()),
  },
  message: { flags: "--message <text>", description: "a sentence for people" },
  data: {
    flags: "--data <json>",
    description: "any JSON value",
    parse: parseData,
  },
  event_id: {
    flags: "--event-id <text>",
    description: "an id to detect repeated events: the server stores each once",
  },
  lease: {
    flags: "--lease <seconds>",
    description: "the task is lost if no event follows within this time",
    parse: numberOf("--lease"),
  },
  user_id: {
    flags: "--user-id <id>",
    description:
      "on a task's first event: the only user allowed to watch the task",
  },
} as const satisfies Readonly<Record<string, EventFlag>>;

/**
 * Reads the members of an event from a command's parsed options.
 *
 * @throws {UsageFailure} For a value that cannot be converted.
 */
export function eventOf(
  options: Record<string, string | undefined>,
): Record<string, unknown> {
  const members = Object.entries<EventFlag>(eventFlags).flatMap(
    ([member, { flags, parse = String }]) => {
      const text = options[new Option(flags).attributeName()];
      return text === undefined ? [] : [[member, parse(text)] as const];
    },
  );
  return Object.fromEntries(members);
}

function parseProgress(text: string): number {
  const progress = numberOf("--progress")(text);
  // Sums of fractions may exceed the bounds by rounding errors.
  if (progress >= -1e-6 && progress <= 1 + 1e-6) return progress;
  throw new UsageFailure(`--progress ${text}: expected a number from 0 to 1`);
}

/** Makes the parser of a flag's number. */
export function numberOf(flag: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (Number.isFinite(value)) return value;
    throw new UsageFailure(`${flag} ${text}: expected a number`);
  };
}

function parseData(text: string): unknown {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UsageFailure(
      `--data is not JSON: a string needs quotes of its own, as in --data '"text"'`,
    );
  }
  const number = findInexactNumber(text);
  if (number === undefined) return data;
  throw new UsageFailure(
    `--data: the number ${number} cannot be stored exactly: send a string instead`,
  );
}

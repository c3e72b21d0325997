import type { Answer, Question } from "./peers.ts";

/** A question to all nodes. */
export interface AskedMessage {
  /** The question's id, repeated in the answers. */
  readonly id: string;
  /** The asking node. */
  readonly from: string;
  readonly question: Question;
}

/** An answer to a question. */
export interface AnswerMessage {
  /** The question's id. */
  readonly id: string;
  /** The answering node. */
  readonly from: string;
  readonly answer: Answer;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Parses a question from another node, which may run another version. Questions
 * about metrics stay within a server and are not accepted.
 *
 * @returns `undefined` for an unknown or malformed question.
 */
export function parseAsked(text: string): AskedMessage | undefined {
  const message = parseMembers(text);
  if (!message || !isNamed(message) || !isQuestion(message.question)) return;
  const { id, from, question } = message;
  return { id, from, question };
}

/**
 * Parses an answer from another node, which may run another version.
 *
 * @returns `undefined` for an unknown or malformed answer.
 */
export function parseAnswer(text: string): AnswerMessage | undefined {
  const message = parseMembers(text);
  if (!message || !isNamed(message) || !isAnswer(message.answer)) return;
  const { id, from, answer } = message;
  return { id, from, answer };
}

function parseMembers(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined; // SyntaxError
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function isNamed(
  message: Members,
): message is Members & { readonly id: string; readonly from: string } {
  return isText(message.id) && isText(message.from);
}

function isQuestion(value: unknown): value is Question {
  if (!isMembers(value)) return false;
  if (value.kind === "disconnect") return isText(value.id);
  if (value.kind === "stats") return isCount(value.since);
  const { after, taskId, userId } = value;
  return value.kind === "connections" && isCount(value.limit) &&
    (after === undefined || isPosition(after)) &&
    (taskId === undefined || isText(taskId)) &&
    (userId === undefined || isText(userId));
}

function isAnswer(value: unknown): value is Answer {
  if (!isMembers(value)) return false;
  if (value.kind === "disconnect") return typeof value.isFound === "boolean";
  if (value.kind === "stats") return isStats(value);
  const { connections, isCut } = value;
  return value.kind === "connections" && isCount(value.total) &&
    typeof isCut === "boolean" && Array.isArray(connections) &&
    connections.every((one) => isPosition(one) && isText(one.json)) &&
    !(isCut && connections.length === 0);
}

function isStats({ startedAtMs, connections, totals, history }: Members) {
  if (!isMembers(totals) || !isMembers(history)) return false;
  const { from, published, delivered, p50Ms, p99Ms } = history;
  const lists = [published, delivered, history.connections];
  return isCount(startedAtMs) && isCount(connections) &&
    isCount(totals.published) && isCount(totals.delivered) && isCount(from) &&
    lists.every((list) => isListOf(list, published, isCount)) &&
    [p50Ms, p99Ms].every((list) =>
      isListOf(list, published, (ms) => ms === null || isCount(ms))
    );
}

/** True if the value is a list of the same length as another list. */
function isListOf(
  value: unknown,
  other: unknown,
  isItem: (item: unknown) => boolean,
): boolean {
  return Array.isArray(value) && Array.isArray(other) &&
    value.length === other.length && value.every(isItem);
}

function isPosition(value: unknown): value is Members {
  return isMembers(value) && isCount(value.serial) && isText(value.id);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

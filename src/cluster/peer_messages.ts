import type { Answer, Question } from "./peers.ts";

/** A question on its way to all nodes. */
export interface AskedMessage {
  /** Of the question: the answers name it. */
  readonly id: string;
  /** The node that asks. */
  readonly from: string;
  readonly question: Question;
}

/** An answer on its way back. */
export interface AnswerMessage {
  /** Of the question. */
  readonly id: string;
  /** The node that answers. */
  readonly from: string;
  readonly answer: Answer;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a question of another node, which may be of another version. What
 * workers ask of each other alone, metrics, is none.
 *
 * @returns `undefined` for what is none that this one understands.
 */
export function parseAsked(text: string): AskedMessage | undefined {
  const message = parseMembers(text);
  if (!message || !isNamed(message) || !isQuestion(message.question)) return;
  const { id, from, question } = message;
  return { id, from, question };
}

/**
 * Reads an answer of another node, which may be of another version.
 *
 * @returns `undefined` for what is none that this one understands.
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
    return undefined; // SyntaxError: it is no message
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

/** Whether it is a list, as long as another. */
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

import * as z from "zod";
import type { Answer, Question } from "./other_nodes.ts";

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

const count = z.int().min(0);
const counts = z.array(count);
const quantiles = z.array(count.nullable());
const position = z.object({ serial: count, id: z.string() });

const askedSchema: z.ZodType<AskedMessage> = z.object({
  id: z.string(),
  from: z.string(),
  question: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("disconnect"), id: z.string() }),
    z.object({ kind: z.literal("stats"), since: count }),
    z.object({
      kind: z.literal("connections"),
      limit: count,
      after: position.exactOptional(),
      taskId: z.string().exactOptional(),
      userId: z.string().exactOptional(),
    }),
  ]),
});

const answerSchema: z.ZodType<AnswerMessage> = z.object({
  id: z.string(),
  from: z.string(),
  answer: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("disconnect"), isFound: z.boolean() }),
    z.object({
      kind: z.literal("stats"),
      startedAtMs: count,
      connections: count,
      totals: z.object({ published: count, delivered: count }),
      history: z.object({
        from: count,
        published: counts,
        delivered: counts,
        connections: counts,
        p50Ms: quantiles,
        p99Ms: quantiles,
      }).refine(({ from: _, published, ...lists }) =>
        Object.values(lists).every(({ length }) => length === published.length)
      ),
    }),
    z.object({
      kind: z.literal("connections"),
      total: count,
      connections: z.array(position.extend({ json: z.string() })),
      isCut: z.boolean(),
    }).refine(({ connections, isCut }) => !isCut || connections.length > 0),
  ]),
});

/**
 * Parses a question from a node, possibly of a different version. Unknown
 * members are ignored. Questions about metrics stay within a server and are not
 * accepted.
 *
 * @returns `undefined` for an unknown or malformed question.
 */
export function parseAsked(text: string): AskedMessage | undefined {
  return parse(askedSchema, text);
}

/**
 * Parses an answer from a node, possibly of a different version. Unknown
 * members are ignored.
 *
 * @returns `undefined` for an unknown or malformed answer.
 */
export function parseAnswer(text: string): AnswerMessage | undefined {
  return parse(answerSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // SyntaxError
  }
}

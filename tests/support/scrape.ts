import { assertEquals } from "@std/assert";
import { answerOf } from "./answer.ts";
import { testApiKey } from "./server.ts";

/** An answer of `/metrics`. */
export interface Scrape {
  readonly text: string;
  /** `counter`, `gauge` or `histogram`, by the metric's name. */
  readonly types: ReadonlyMap<string, string>;
  /** By name and labels, as in the text: `taskwire_closes_total{code="1000"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

/** Parses Prometheus' text format. */
export function parseMetrics(text: string): Scrape {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name && type) types.set(name, type);
    const [, sample, value] = /^([^#].*) (\S+)$/.exec(line) ?? [];
    if (sample) samples.set(sample, Number(value));
  }
  return { text, types, samples };
}

/** Reads a server's metrics. Fails without metrics. */
export async function scrape(
  origin: string,
  init: RequestInit & { client?: Deno.HttpClient } = {},
): Promise<Scrape> {
  const { status, text } = await answerOf(fetch(`${origin}/metrics`, {
    ...init,
    headers: { Authorization: `Bearer ${testApiKey}` },
  }));
  assertEquals(status, 200, text);
  return parseMetrics(text);
}

import type { wires } from "./wire.ts";

/** What the load is told to do, as JSON in its only argument. */
export interface Job {
  readonly work:
    | "echo"
    | "handshake"
    | "fanout"
    | "tasks"
    | "publishes"
    | "latency"
    | "memory";
  readonly port: number;
  /** The server's process. */
  readonly pid: number;
  readonly wire: keyof typeof wires;
  readonly seconds: number;
  readonly apiKey: string;
  /** What tokens are signed with. */
  readonly secret: string;
  /** How many sockets. */
  readonly sockets: number;
  /** `handshake`: none, one again and again, or each another. */
  readonly tokens?: "none" | "one" | "many";
  /** Whether the server sends `sync`, and watchers wait for it. */
  readonly waitsForSync?: boolean;
  /** `latency`: events a second. */
  readonly rate?: number;
}

/** What the load answers, as JSON on its standard output. */
export interface Outcome {
  /** Numbers by the name of what they tell. */
  readonly values: Readonly<Record<string, number>>;
  /** What was lost, came out of order, or failed. */
  readonly faults: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
}

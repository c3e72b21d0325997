import type { wires } from "./wire.ts";

/** The load's task, as JSON in the only argument. */
export interface Job {
  readonly work:
    | "echo"
    | "handshake"
    | "fanout"
    | "tasks"
    | "publishes"
    | "latency"
    | "memory"
    | "storm";
  readonly port: number;
  /** The process id of the server. */
  readonly pid: number;
  readonly wire: keyof typeof wires;
  readonly seconds: number;
  readonly apiKey: string;
  /** The secret for tokens. */
  readonly secret: string;
  /** The number of sockets. */
  readonly sockets: number;
  /**
   * `handshake`: no token, the same token, or a new token per handshake.
   */
  readonly tokens?: "none" | "one" | "many";
  /** `latency`: events per second. */
  readonly rate?: number;
}

/** The load's answer, as JSON on standard output. */
export interface Outcome {
  /** Figures by name. */
  readonly values: Readonly<Record<string, number>>;
  /** The number of lost or reordered frames and failures. */
  readonly faults: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
}

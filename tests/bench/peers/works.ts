import { baseline } from "./catalog.ts";
import type { Outcome } from "./load/job.ts";
import type { RunningServer } from "./running_server.ts";

/** A figure of a work. */
export interface Metric {
  /** The name in an {@linkcode Outcome}'s values. */
  readonly key: string;
  /** The name in tables and plots. */
  readonly title: string;
  readonly unit: string;
  readonly isLowerBetter?: boolean;
}

/** The work of a server during a measurement. */
export interface Work {
  /** The name for `--only`. */
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** True if every measurement needs a new process. */
  readonly isFresh?: boolean;
  /** The preparation before the measurement. */
  prepare?(servers: readonly RunningServer[]): Promise<void>;
  measure(server: RunningServer, seconds: number): Promise<Outcome>;
}

const rate = (title: string, unit: string): readonly Metric[] => [
  { key: "rate", title, unit },
];

function echo(sockets: number): Work {
  return {
    name: `echo-${sockets}`,
    metrics: rate(`echo, ${sockets} sockets`, "replies/s"),
    measure: (server, seconds) =>
      server.run({ work: "echo", sockets, seconds }),
  };
}

function handshake(
  name: string,
  title: string,
  tokens: "none" | "one" | "many",
): Work {
  return {
    name: `handshake-${name}`,
    metrics: rate(`handshakes, ${title}`, "handshakes/s"),
    measure: (server, seconds) =>
      server.run({ work: "handshake", sockets: 64, tokens, seconds }),
  };
}

const storm: Work = {
  name: "storm",
  metrics: [{
    key: "us",
    title: "CPU a returning watcher",
    unit: "µs",
    isLowerBetter: true,
  }],
  isFresh: true,
  measure: (server, seconds) =>
    server.run({ work: "storm", sockets: 10_000, seconds }),
};

const publish: Work = {
  name: "publish-64",
  metrics: rate("publishes, 64 publishers", "events/s"),
  measure: (server, seconds) =>
    server.run({ work: "publishes", sockets: 64, seconds }),
};

const memory: Work = {
  name: "memory",
  metrics: [{
    key: "kib",
    title: "memory a socket",
    unit: "KiB",
    isLowerBetter: true,
  }],
  isFresh: true,
  measure: (server, seconds) =>
    server.run({ work: "memory", sockets: 10_200, seconds }),
};

const fanout: Work = {
  name: "fanout",
  metrics: rate("fan-out, 1 task to 1,000", "deliveries/s"),
  measure: (server, seconds) =>
    server.run({ work: "fanout", sockets: 1_000, seconds }),
};

const tasks: Work = {
  name: "tasks",
  metrics: rate("10,000 tasks, 1 watcher each", "deliveries/s"),
  measure: (server, seconds) =>
    server.run({ work: "tasks", sockets: 10_000, seconds }),
};

/** The number of watchers in the latency measurement. */
const latencyWatchers = 100;

/** The events per second that keep a server busy, by name. */
const saturation = new Map<string, number>();

async function saturate(servers: readonly RunningServer[]): Promise<void> {
  for (const server of servers) {
    const { values } = await server.run({
      work: "fanout",
      sockets: latencyWatchers,
      seconds: 1,
    });
    const events = (values.rate ?? 0) / latencyWatchers;
    saturation.set(server.peer.name, events);
  }
}

function delays(prefix: string, title: string): readonly Metric[] {
  return ["p50", "p99"].map((quantile) => ({
    key: `${prefix}${quantile}`,
    title: `latency, ${title}, ${quantile}`,
    unit: "ms",
    isLowerBetter: true,
  }));
}

const latency: Work = {
  name: "latency",
  metrics: [
    ...delays("", "½ of bare Deno's limit"),
    ...delays("own_", "½ of its own limit"),
    { key: "rate", title: "events at ½ of its own limit", unit: "events/s" },
  ],
  prepare: saturate,
  async measure(server, seconds) {
    const own = (saturation.get(server.peer.name) ?? 200) / 2;
    const common = (saturation.get(baseline) ?? 400) / 2;
    const run = (rate: number) =>
      server.run({ work: "latency", sockets: latencyWatchers, seconds, rate });
    const atCommon = await run(common);
    const atOwn = await run(own);
    return {
      ...atCommon,
      values: {
        ...atCommon.values,
        own_p50: atOwn.values.p50 ?? NaN,
        own_p99: atOwn.values.p99 ?? NaN,
        rate: own,
      },
      faults: atCommon.faults + atOwn.faults,
    };
  },
};

/** All works, in the order of the table; `start` is separate. */
export const works: readonly Work[] = [
  echo(64),
  echo(500),
  handshake("guest", "guest", "none"),
  handshake("token", "one token", "one"),
  handshake("tokens", "new tokens", "many"),
  storm,
  publish,
  fanout,
  tasks,
  latency,
  memory,
];

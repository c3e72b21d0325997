import { fileURLToPath } from "node:url";
import { findPython } from "../../support/needs.ts";
import { program } from "../../support/taskwire.ts";
import type { Job } from "./load/job.ts";
import { buildCentrifuge, bunPath, centrifugePath } from "./packages.ts";

/** The secret for tokens, long enough for all servers. */
export const secret = "a-secret-of-the-benchmark-of-32-bytes-or-more";
export const apiKey = "key-of-the-benchmark";

/** The reference of the comparison. */
export const baseline = "deno";

/** A kind of server to measure. */
export interface Peer {
  /** The name for `--peers`. */
  readonly name: string;
  /** The name in tables and plots. */
  readonly label: string;
  readonly wire: Job["wire"];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * True if the handshake verifies the token; otherwise the token is ignored.
   */
  readonly verifiesTokens?: boolean;
  /** The works that the server can do. @default {all} */
  readonly works?: readonly string[];
  /** The reason why the server can't run here, if any. */
  missing?(): Promise<string | undefined>;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const servers = fileURLToPath(new URL("servers/", import.meta.url));
const pythonModules = [
  "fastapi",
  "uvicorn",
  "uvloop",
  "httptools",
  "websockets",
  "jwt",
];
const python = findPython(...pythonModules);

const runDeno = [Deno.execPath(), "run", "--no-prompt", "--allow-all"];

function taskwire(name: string, label: string, store: string): Peer {
  return {
    name,
    label,
    wire: "plain",
    command: [...program(), "serve"],
    env: { TASKWIRE_STORE: store },
    verifiesTokens: true,
  };
}

/** All servers, in the order of the table. */
export const peers: readonly Peer[] = [
  {
    name: baseline,
    label: "bare Deno",
    wire: "plain",
    command: [...runDeno, "--no-config", `${servers}bare_deno.mjs`],
  },
  taskwire("taskwire", "taskwire, memory", "memory:"),
  taskwire("taskwire-sqlite", "taskwire, SQLite", "sqlite:bench.db"),
  {
    name: "hono",
    label: "Hono's helper",
    wire: "plain",
    command: [
      ...runDeno,
      "--config",
      `${root}deno.json`,
      `${servers}hono_helper.mjs`,
    ],
  },
  {
    name: "ws",
    label: "Node ws",
    wire: "plain",
    command: ["node", `${servers}node_ws.mjs`],
  },
  {
    name: "bun",
    label: "Bun",
    wire: "plain",
    command: [bunPath, `${servers}bun.mjs`],
  },
  {
    name: "socket.io",
    label: "Socket.IO",
    wire: "socketIo",
    command: ["node", `${servers}socket_io.mjs`],
  },
  {
    name: "centrifuge",
    label: "Centrifuge (Go)",
    wire: "centrifuge",
    command: [centrifugePath],
    verifiesTokens: true,
    works: ["storm", "publish-64", "fanout", "memory"],
    missing: buildCentrifuge,
  },
  {
    name: "fastapi",
    label: "FastAPI + PyJWT",
    wire: "plain",
    command: [python ?? "python3", `${servers}fastapi_uvicorn.py`],
    verifiesTokens: true,
    missing() {
      const reason = `no python3 has ${pythonModules.join(", ")}`;
      return Promise.resolve(python === undefined ? reason : undefined);
    },
  },
];

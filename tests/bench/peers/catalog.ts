import { fileURLToPath } from "node:url";
import { findPython } from "../../support/needs.ts";
import { program } from "../../support/taskwire.ts";
import type { Job } from "./load/job.ts";
import { bunPath } from "./packages.ts";

/** Signs the tokens; short of it, nobody could verify them. */
export const secret = "a-secret-of-the-benchmark-of-32-bytes-or-more";
export const apiKey = "key-of-the-benchmark";

/** What the others are compared with. */
export const baseline = "deno";

/** A kind of server that can be measured. */
export interface Peer {
  /** For `--peers`. */
  readonly name: string;
  /** For tables and plots. */
  readonly label: string;
  readonly wire: Job["wire"];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its handshake verifies the token; the others' only carry it. */
  readonly verifiesTokens?: boolean;
  /** Why it can't run here, if so. */
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

/** All of them, in the order of the table. */
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

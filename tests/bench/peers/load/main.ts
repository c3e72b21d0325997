/**
 * The load: run by Bun, in a separate process on a separate core. The argument
 * is a {@linkcode Job}, the output an {@linkcode Outcome}.
 *
 * @module
 */

import process from "node:process";
import { echo } from "./echo.ts";
import { handshake } from "./handshake.ts";
import type { Job } from "./job.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { storm } from "./storm.ts";
import { fanout, publishes, tasks } from "./publishing.ts";

const works = {
  echo,
  handshake,
  fanout,
  tasks,
  publishes,
  latency,
  memory,
  storm,
};

const job: Job = JSON.parse(process.argv[2] ?? "{}");
const outcome = await works[job.work](job);
process.stdout.write(JSON.stringify(outcome));
// The sockets end with the process.
process.exit(0);

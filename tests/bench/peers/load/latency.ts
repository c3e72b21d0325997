import { postRequest } from "./http_link.ts";
import type { Job, Outcome } from "./job.ts";
import { Publisher } from "./publisher.ts";
import { event } from "./publishing.ts";
import { sleep, startWindow, until, warmUpMs } from "./window.ts";
import { Watchers } from "./watchers.ts";

const idStart = `,"event_id":"`.length;
const zero = 48;
const digits = 8;

/** The maximum lag of a server that can't keep up. */
const overloadMs = 5_000;

function readNumber(bytes: Buffer, at: number): number {
  let value = 0;
  for (let place = 0; place < digits; place++) {
    value = value * 10 + (bytes[at + place] ?? 0) - zero;
  }
  return value;
}

/**
 * Publishes at a fixed rate, independent of the server, and measures from the
 * due time of an event to every arrival at a watcher. Polls between events
 * instead of sleeping, because timers are late by up to a millisecond.
 */
export async function latency(job: Job): Promise<Outcome> {
  const { rate = 100, seconds } = job;
  const id = `latency-${Date.now()}`;
  const path = `/api/tasks/${id}/events`;
  const total = Math.round(rate * (seconds + warmUpMs / 1_000));
  const first = Math.round(rate * warmUpMs / 1_000);
  const delays: number[] = [];
  let lag = 0;
  const watchers = new Watchers();
  await watchers.open(job, Array(job.sockets).fill(id));
  const publisher = new Publisher(() => {});
  await publisher.open(job.port, 32);
  const startedAt = performance.now() + 5;
  const dueAt = (number: number) => startedAt + number * 1_000 / rate;
  watchers.onDelivery = (bytes, end) => {
    const number = readNumber(bytes, end + idStart);
    if (number >= first) delays.push(performance.now() - dueAt(number));
  };
  const next = () => ({
    request: postRequest(
      path,
      JSON.stringify({
        event_id: String(publisher.begun).padStart(digits, "0"),
        ...event,
      }),
      job.apiKey,
    ),
    events: 1,
  });
  const end = startWindow(job.pid);
  const deadline = dueAt(total) + overloadMs;
  while (publisher.begun < total && performance.now() < deadline) {
    const wait = dueAt(publisher.begun) - performance.now();
    if (wait > 3) {
      await sleep(wait - 2);
    } else {
      // If all connections wait for the server, the wait is part of the delay.
      if (wait <= 0 && publisher.publish(next)) lag = Math.max(lag, -wait);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const { serverCpu, loadCpu } = end();
  const missing = () =>
    publisher.acknowledged * job.sockets - watchers.delivered;
  await until(() => publisher.isIdle && missing() === 0);
  publisher.close();
  delays.sort((a, b) => a - b);
  const at = (share: number) => delays[Math.floor(delays.length * share)] ?? 0;
  return {
    values: { p50: at(0.5), p99: at(0.99), lag },
    faults: watchers.faults + publisher.faults + Math.abs(missing()) +
      Number(!publisher.isIdle),
    serverCpu,
    loadCpu,
  };
}

import type { Dimension, Mode, Scene } from "./dimension.ts";
import type { MeasuredServer, StoreKind } from "./measured_server.ts";

/** The cost of a publish in a round, in microseconds. */
export interface Cost {
  /** The time waited by the only publisher. */
  readonly wallUs: number;
  /** The processor time of the server. */
  readonly cpuUs: number;
}

/** The costs of a way to publish at a size, per round. */
export interface Point {
  readonly size: number;
  readonly costs: readonly Cost[];
}

/** The growth of the costs of a way to publish. */
export interface Growth {
  readonly dimension: Dimension;
  readonly kind: StoreKind;
  readonly mode: string;
  /** Smallest size first. */
  readonly points: readonly Point[];
}

/** The options for a measurement. */
export interface RoundsOptions {
  readonly rounds: number;
  /** The time per way to publish, size and round. */
  readonly seconds: number;
  /** Larger sizes are left out. */
  readonly maxSize: number;
  /** Called with the progress. */
  readonly onProgress: (line: string) => void;
}

/**
 * Measures a dimension. Every size has a server; all but the measured server
 * are idle. The servers alternate in every round, so that a noisy machine
 * affects all alike.
 */
export async function measureGrowth(
  dimension: Dimension,
  kind: StoreKind,
  options: RoundsOptions,
): Promise<Growth[]> {
  const { rounds, seconds, maxSize, onProgress } = options;
  const sizes = dimension.sizes.filter((size) => size <= maxSize);
  await using stack = new AsyncDisposableStack();
  const scenes: Scene[] = [];
  for (const size of sizes) {
    onProgress(`${dimension.key}, ${kind}: ${size} ${dimension.unit}`);
    scenes.push(stack.use(await dimension.grow(kind, size)));
  }
  const modes = scenes[0]?.modes.map(({ name }) => name) ?? [];
  const costs = modes.map(() => sizes.map((): Cost[] => []));
  for (let round = -1; round < rounds; round++) {
    onProgress(
      `${dimension.key}, ${kind}: ${
        round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`
      }`,
    );
    for (const [mode] of modes.entries()) {
      for (const [index, scene] of scenes.entries()) {
        const step = scene.modes[mode];
        if (step === undefined) throw new TypeError("Modes differ by size");
        const cost = await measure(scene.server, step, seconds);
        if (round >= 0) costs[mode]?.[index]?.push(cost);
      }
    }
  }
  return modes.map((mode, at) => ({
    dimension,
    kind,
    mode,
    points: sizes.map((size, index) => ({
      size,
      costs: costs[at]?.[index] ?? [],
    })),
  }));
}

async function measure(
  server: MeasuredServer,
  { step }: Mode,
  seconds: number,
): Promise<Cost> {
  const cpuBefore = server.cpuMicroseconds();
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;
  let published = 0;
  while (performance.now() < endsAt) published += await step();
  const wallUs = (performance.now() - startedAt) * 1_000;
  return {
    wallUs: wallUs / published,
    cpuUs: (server.cpuMicroseconds() - cpuBefore) / published,
  };
}

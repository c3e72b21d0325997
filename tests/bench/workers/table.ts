import type { Measurement } from "./measured.ts";

/** Returns the median of several numbers. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1
    ? upper
    : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/**
 * Prints the results of a work with one worker and with several, and the ratio.
 */
export function showWorks(
  title: string,
  unit: string,
  [one = [], several = []]: readonly (readonly Measurement[])[],
): string[] {
  const lines = [one, several].map((measurements) => {
    const of = (read: (measurement: Measurement) => number) =>
      median(measurements.map(read));
    const workerCpus = (measurements[0]?.workerCpus ?? []).map((_, index) =>
      of(({ workerCpus }) => workerCpus[index] ?? NaN)
    );
    const serverCpu = of(({ mainCpu, workerCpus }) =>
      workerCpus.reduce((sum, cpu) => sum + cpu, mainCpu)
    );
    const rate = of((measurement) => measurement.rate);
    const faults = measurements.reduce((sum, { faults }) => sum + faults, 0);
    return {
      rate,
      serverCpu,
      text: [
        `${
          workerCpus.length === 0 ? "1 worker" : `${workerCpus.length} workers`
        }: ${Math.round(rate)} ${unit}`,
        workerCpus.length === 0
          ? `server ${of(({ mainCpu }) => mainCpu).toFixed(2)} cores`
          : `workers ${
            workerCpus.map((cpu) => cpu.toFixed(2)).join(" + ")
          } cores, supervisor ${of(({ mainCpu }) => mainCpu).toFixed(2)}`,
        `load ${of(({ loadCpu }) => loadCpu).toFixed(2)}`,
        `faults ${faults}`,
      ].join("; "),
    };
  });
  const [before, after] = lines;
  const ratio = (after?.rate ?? NaN) / (before?.rate ?? NaN);
  const perUnit = ratio * (before?.serverCpu ?? NaN) /
    (after?.serverCpu ?? NaN);
  return [
    title,
    ...lines.map(({ text }) => `   ${text}`),
    `   ${ratio.toFixed(2)} times as much, at ${
      (1 / perUnit).toFixed(2)
    } times the CPU a unit`,
  ];
}

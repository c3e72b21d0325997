/** Turns counts into readings of a metric with a single label. */
export function byLabel<Label extends string>(
  label: Label,
  counts: Readonly<Record<string, number>>,
): [Record<Label, string>, number][] {
  return Object.entries(counts).map(([value, count]) => [
    { [label]: value } as Record<Label, string>,
    count,
  ]);
}

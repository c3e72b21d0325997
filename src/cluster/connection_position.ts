/** Where a connection stands among those of all nodes, oldest first. */
export interface ConnectionPosition {
  /** When it was opened, by its node's clock, and different on one node: see `Connection.serial`. */
  readonly serial: number;
  /** The connection's own id; tells those apart that two nodes opened at once. */
  readonly id: string;
}

/** Compares two positions for sorting: negative where the first is the older. */
export function comparePositions(
  one: ConnectionPosition,
  other: ConnectionPosition,
): number {
  if (one.serial !== other.serial) return one.serial - other.serial;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

/** What a cursor looks like: the serial number, a hyphen and the id. */
const cursorPattern = /^(\d{1,16})-([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/** A position as a short text for a URL, which means the same to every node. */
export function encodeCursor({ serial, id }: ConnectionPosition): string {
  return `${serial}-${id}`;
}

/** Reads what {@linkcode encodeCursor} made; `undefined` for another text. */
export function parseCursor(text: string): ConnectionPosition | undefined {
  const [, serial, id] = cursorPattern.exec(text) ?? [];
  if (serial === undefined || id === undefined) return undefined;
  return { serial: Number(serial), id };
}

/** The place of a connection among those of all nodes, oldest first. */
export interface ConnectionPosition {
  /** The time of opening, unique on the node: see `Connection.serial`. */
  readonly serial: number;
  /** The connection's id; orders connections opened at the same time. */
  readonly id: string;
}

/** Compares two positions for sorting: negative if the first is older. */
export function comparePositions(
  one: ConnectionPosition,
  other: ConnectionPosition,
): number {
  if (one.serial !== other.serial) return one.serial - other.serial;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

/** The form of a cursor: serial number, hyphen, id. */
const cursorPattern = /^(\d{1,16})-([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

/** Encodes a position as a short text for URLs, valid on every node. */
export function encodeCursor({ serial, id }: ConnectionPosition): string {
  return `${serial}-${id}`;
}

/** Decodes {@linkcode encodeCursor}; `undefined` for other texts. */
export function parseCursor(text: string): ConnectionPosition | undefined {
  const [, serial, id] = cursorPattern.exec(text) ?? [];
  if (serial === undefined || id === undefined) return undefined;
  return { serial: Number(serial), id };
}

import fc from "fast-check";
import { clientFrameTypes } from "../../src/protocol/client_frames.ts";
import { statusWords } from "../../src/tasks/status.ts";
import { handshakeBytes } from "../support/tcp_exchange.ts";

/** An input of a stranger: a connection or a request of its own. */
export type FuzzInput =
  | { readonly kind: "bytes"; readonly first: Uint8Array }
  | {
    readonly kind: "frames" | "json";
    readonly first: Uint8Array;
    readonly later: Uint8Array;
  }
  | {
    readonly kind: "event" | "lines";
    readonly path: string;
    readonly body: Uint8Array<ArrayBuffer>;
  };

const encoder = new TextEncoder();

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const bytes = fc.uint8Array({ maxLength: 300 });

/** A few ids, to meet the same tasks again, and random ids. */
const id = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "b/c", "d", "ü", "e f") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
);

/** `encodeURIComponent`, which throws on half a surrogate pair. */
const pathId = id.map((id) => encodeURIComponent(id.toWellFormed()));

const query = fc.oneof(
  fc.constant(""),
  fc.record({ epoch: fc.string(), offset: fc.nat().map(String) })
    .map((position) => `?${new URLSearchParams(position)}`),
  fc.string().map((token) => `?${new URLSearchParams({ token })}`),
);

function openingOn(...routes: readonly string[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom(...routes), pathId, query)
    .map(([route, id, query]) => handshakeBytes(route + id + query));
}

/** Returns a handshake with some bytes replaced, removed or added. */
const brokenOpening = fc.tuple(
  openingOn("/ws/realtime/", "/ws/test/", "/api/tasks/", "/"),
  fc.array(
    fc.tuple(fc.nat(250), fc.nat(4), fc.uint8Array({ maxLength: 4 })),
    { minLength: 1, maxLength: 5 },
  ),
).map(([opening, edits]) => {
  let broken = opening;
  for (const [at, removed, added] of edits) {
    broken = joined([
      broken.subarray(0, at),
      added,
      broken.subarray(at + removed),
    ]);
  }
  return broken;
});

/**
 * Returns a frame of any kind (RFC 6455 §5.2), with a right or wrong length.
 */
const anyFrame = fc.record({
  first: fc.oneof(
    fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a),
    fc.nat(255),
  ),
  mask: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 })),
  payload: bytes,
  toldLength: fc.option(fc.maxSafeNat(), { freq: 8 }),
}).map(({ first, mask, payload, toldLength }) =>
  frame(first, mask ?? undefined, payload, toldLength ?? payload.length)
);

function frame(
  first: number,
  mask: Uint8Array | undefined,
  payload: Uint8Array,
  length = payload.length,
): Uint8Array {
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const head = new DataView(new ArrayBuffer(10));
  head.setUint8(0, first);
  head.setUint8(1, (mask ? 0x80 : 0) | short);
  if (short === 126) head.setUint16(2, length);
  if (short === 127) head.setBigUint64(2, BigInt(length));
  const headLength = short === 126 ? 4 : short === 127 ? 10 : 2;
  return joined([
    new Uint8Array(head.buffer, 0, headLength),
    mask ?? new Uint8Array(),
    payload.map((byte, index) => byte ^ (mask?.[index % 4] ?? 0)),
  ]);
}

/**
 * Returns a text in fragments, with control frames and random bytes in between.
 */
const fragmented = fc.array(fc.tuple(bytes, fc.option(anyFrame)), {
  minLength: 2,
  maxLength: 6,
}).map((parts) =>
  joined(parts.flatMap(([payload, between], index) => {
    const isLast = index === parts.length - 1;
    const first = (isLast ? 0x80 : 0) | (index === 0 ? 1 : 0);
    const piece = frame(first, new Uint8Array(4), payload);
    return between ? [piece, between] : [piece];
  }))
);

const jsonFrame = fc.oneof(
  fc.json(),
  fc.record({
    type: fc.constantFrom(...clientFrameTypes),
    connection_id: fc.oneof(id, fc.jsonValue()),
    id: fc.jsonValue(),
    epoch: fc.oneof(fc.string(), fc.jsonValue()),
    offset: fc.oneof(fc.integer(), fc.jsonValue()),
    token: fc.oneof(fc.string(), fc.jsonValue()),
  }, { requiredKeys: ["type"] }).map((value) => JSON.stringify(value)),
).map((text) => frame(0x81, new Uint8Array(4), encoder.encode(text)));

const goodMembers = {
  status: fc.constantFrom(...statusWords),
  attempt: fc.integer({ min: 1, max: 5 }),
  progress: fc.double({ min: 0, max: 1, noNaN: true }),
  current: fc.nat(),
  total: fc.nat(),
  unit: fc.string({ minLength: 1 }),
  message: fc.string({ unit: "binary" }),
  data: fc.jsonValue(),
  event_id: fc.string({ minLength: 1 }),
  lease: fc.double({ min: 0.1, max: 60, noNaN: true }),
};

const anyMembers = {
  status: fc.string(),
  attempt: fc.jsonValue(),
  progress: fc.double(),
  current: fc.double(),
  total: fc.double(),
  unit: fc.jsonValue(),
  message: fc.jsonValue(),
  event_id: fc.jsonValue(),
  lease: fc.double(),
  user_id: fc.oneof(fc.nat(), fc.string(), fc.jsonValue()),
};

/** Returns valid members with a few invalid ones. */
const event = fc.tuple(
  fc.record(goodMembers, { requiredKeys: [] }),
  fc.oneof(fc.constant({}), fc.record(anyMembers, { requiredKeys: [] })),
  id,
).map(([good, any, connection_id]) => ({ connection_id, ...good, ...any }));

/**
 * Returns almost an event, any JSON, or any text; with a valid or invalid id.
 */
function body(isLine: boolean): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.oneof(
    event.map(({ connection_id, ...members }) =>
      encoder.encode(
        JSON.stringify(isLine ? { connection_id, ...members } : members),
      )
    ),
    fc.json().map((text) => encoder.encode(text)),
    bytes.map((bytes) => bytes.slice()),
  );
}

const newline = encoder.encode("\n");

/** Every kind of input, with equal frequency. */
export const fuzzInput: fc.Arbitrary<FuzzInput> = fc.oneof(
  fc.oneof(bytes, brokenOpening)
    .map((first) => ({ kind: "bytes" as const, first })),
  fc.record({
    kind: fc.constant("frames" as const),
    first: openingOn("/ws/realtime/", "/ws/ws/simple/", "/ws/test/"),
    later: fc.array(fc.oneof(anyFrame, fragmented, bytes), { maxLength: 6 })
      .map(joined),
  }),
  fc.record({
    kind: fc.constant("json" as const),
    first: openingOn("/ws/realtime/"),
    later: fc.array(jsonFrame, { minLength: 1, maxLength: 12 }).map(joined),
  }),
  fc.record({
    kind: fc.constant("event" as const),
    path: pathId.map((id) => `/api/tasks/${id}/events`),
    body: body(false),
  }),
  fc.record({
    kind: fc.constant("lines" as const),
    path: fc.constant("/api/events"),
    body: fc.array(body(true), { maxLength: 6 })
      .map((lines) => joined(lines.flatMap((line) => [line, newline]))),
  }),
);

// The properties of @std/testing needed by taskwire: FakeTime, spies and stubs.
import {
  assert,
  assertEquals,
  assertFalse,
  AssertionError,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  assertSpyCall,
  assertSpyCalls,
  MockError,
  returnsNext,
  spy,
  stub,
} from "@std/testing/mock";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("FakeTime.tick() runs what falls due, in order, at its own moment", () => {
  using time = new FakeTime(1000);
  const ran: [string, number][] = [];
  const note = (name: string) => ran.push([name, Date.now()]);
  setTimeout(note, 30, "late");
  setTimeout(note, 10, "early");
  setTimeout(note, 10, "early too");
  setTimeout(note, 31, "never");
  const interval = setInterval(note, 20, "again");
  time.tick(30);
  assertEquals(ran, [
    ["early", 1010],
    ["early too", 1010],
    ["again", 1020],
    ["late", 1030],
  ]);
  assertEquals(time.now, 1030);
  assertEquals(time.start, 1000);
  clearInterval(interval);
});

Deno.test("FakeTime.tick() runs a delay of 0 that a callback asks for", () => {
  using time = new FakeTime(0);
  let turns = 0;
  setTimeout(() => setTimeout(() => setTimeout(() => turns = 3, 0)), 5);
  time.tick(5);
  assertEquals(turns, 3);
});

Deno.test("FakeTime.tick() never runs what was cleared", () => {
  using time = new FakeTime();
  const ring = spy();
  clearTimeout(setTimeout(ring, 1));
  clearInterval(setInterval(ring, 1));
  const second = setTimeout(ring, 2);
  setTimeout(() => clearTimeout(second), 1);
  clearTimeout(undefined);
  time.tick(1000);
  assertSpyCalls(ring, 0);
});

Deno.test("FakeTime.tick() stops at a callback that throws", () => {
  using time = new FakeTime(0);
  const ring = spy();
  setTimeout(() => {
    throw new RangeError("broken");
  }, 5);
  setTimeout(ring, 6);
  assertThrows(() => time.tick(10), RangeError, "broken");
  assertEquals(time.now, 5);
  assertSpyCalls(ring, 0);
  time.tick(1);
  assertSpyCalls(ring, 1);
});

Deno.test("FakeTime.tickAsync() lets promises settle first", async () => {
  using time = new FakeTime();
  const ring = spy();
  Promise.resolve().then(() => setTimeout(ring, 5));
  await time.tickAsync(5);
  assertSpyCalls(ring, 1);
});

Deno.test("FakeTime.next() moves to the next timer, if there is one", async () => {
  using time = new FakeTime(0);
  const ring = spy();
  assertFalse(time.next());
  setTimeout(ring, 86_400_000);
  assert(time.next());
  assertEquals(time.now, 86_400_000);
  setTimeout(ring, 1);
  assert(await time.nextAsync());
  assertSpyCalls(ring, 2);
  setTimeout(() => setTimeout(ring, 10), 10);
  time.runAll();
  assertSpyCalls(ring, 3);
});

Deno.test("FakeTime moves Date, and leaves its instances plain dates", () => {
  const start = new Date("2030-01-02T03:04:05Z");
  let date: Date;
  {
    using time = new FakeTime(start);
    date = new Date();
    time.tick(1000);
    assertEquals(Date.now() - date.getTime(), 1000);
    assertThrows(() => time.now = 0, RangeError);
    assert(start instanceof Date && date instanceof Date);
  }
  assert(date instanceof Date);
  assertEquals(date, start);
});

Deno.test("FakeTime moves AbortSignal.timeout()", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(50);
  time.tick(49);
  assertFalse(signal.aborted);
  time.tick(1);
  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("FakeTime restores every global at the end of its block", () => {
  const { Date, setTimeout, clearTimeout, setInterval, clearInterval } =
    globalThis;
  const { timeout } = AbortSignal;
  {
    using _time = new FakeTime();
    assertFalse(globalThis.setTimeout === setTimeout);
  }
  assertStrictEquals(globalThis.Date, Date);
  assertStrictEquals(globalThis.setTimeout, setTimeout);
  assertStrictEquals(globalThis.clearTimeout, clearTimeout);
  assertStrictEquals(globalThis.setInterval, setInterval);
  assertStrictEquals(globalThis.clearInterval, clearInterval);
  assertStrictEquals(AbortSignal.timeout, timeout);
});

Deno.test("FakeTime refuses to fake or restore time twice", () => {
  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError);
  time.restore();
  assertThrows(() => time.restore(), TimeError);
  assertThrows(() => FakeTime.restore(), TimeError);
  assertThrows(() => new FakeTime(NaN), TypeError);
});

Deno.test("FakeTime.delay() waits in real time, until it is aborted", async () => {
  using time = new FakeTime(0);
  await time.delay(1);
  assertEquals(time.now, 0);
  const controller = new AbortController();
  const delayed = time.delay(60_000, { signal: controller.signal });
  await time.runMicrotasks();
  controller.abort();
  await assertRejects(() => delayed, DOMException);
});

Deno.test("FakeTime leaves servers and sockets running", async () => {
  using time = new FakeTime();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      if (request.headers.get("upgrade") === null) return new Response("http");
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => {
        setTimeout(() => socket.send(`${data} at ${Date.now()}`), 60_000);
      };
      return response;
    },
  );
  const { port } = server.addr;
  const response = await fetch(`http://127.0.0.1:${port}`);
  assertEquals(await response.text(), "http");

  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const answered = Promise.withResolvers<string>();
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.onopen = () => socket.send("sent");
  socket.onmessage = ({ data }) => answered.resolve(data);
  while (!time.next()) await time.delay(1);
  assertEquals(await answered.promise, `sent at ${time.now}`);
  assertEquals(time.now - time.start, 60_000);
  socket.close();
  await closed;
});

Deno.test("spy() records its calls", () => {
  const add = spy((one: number, other: number) => one + other);
  assertEquals(add(1, 2), 3);
  assertSpyCall(add, 0, { args: [1, 2], returned: 3 });
  assertSpyCalls(add, 1);
  assertThrows(() => assertSpyCalls(add, 2), AssertionError);
  assertThrows(() => assertSpyCall(add, 0, { args: [2, 1] }), AssertionError);
});

Deno.test("stub() replaces a method until the end of its block", () => {
  const dice = { roll: () => 6 };
  {
    using rolled = stub(dice, "roll", returnsNext([1, 2]));
    assertEquals([dice.roll(), dice.roll()], [1, 2]);
    assertThrows(() => dice.roll(), MockError);
    assertSpyCalls(rolled, 3);
  }
  assertEquals(dice.roll(), 6);
});

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { EncodedEvent } from "../../src/tasks/store.ts";
import type { Test } from "./store_contract_bench.ts";

const missing = { events: [], recovered: false };

/** Bounded by count; recovered or not. */
export function testReading(test: Test): void {
  test("read() of an unknown task returns the epoch of its first history", async (bench) => {
    const { store, put } = bench;
    const view = await store.read("a");
    const { epoch } = view;
    const { watchers = 1, ...found } = view;
    assertEquals(found, { epoch, offset: 0, state: undefined, ...missing });
    assertEquals(watchers, 1);
    assertNotEquals(epoch, "");
    assertEquals(await store.read("a"), view);
    assertEquals(await store.read("a", { epoch, offset: 0 }), {
      ...view,
      recovered: true,
    });
    for (const since of [{ epoch, offset: 1 }, { epoch: "other", offset: 0 }]) {
      assertEquals(await store.read("a", since), view);
    }
    const event = await put("a");
    const { recovered, events } = await store.read("a", { epoch, offset: 0 });
    assertEquals([recovered, events], [true, [
      { offset: 1, json: JSON.stringify(event) },
    ]]);
  });

  test("read() reads history from its beginning", async (bench) => {
    const { store, put } = bench;
    assertEquals((await store.read("a", "oldest")).events, []);
    for (let count = 1; count <= 150; count++) await put("a");
    const view = await store.read("a", "oldest", 2);
    assertEquals([view.offset, view.recovered], [150, true]);
    assertEquals(view.events.map(({ offset }) => offset), [51, 52]);
    assertEquals((await store.read("a", "oldest")).events.length, 100);
  });

  test("read() stops after the event that makes enough JSON", async (bench) => {
    const { store, put } = bench;
    const { epoch } = await store.read("a");
    const lengths: number[] = [];
    for (const size of [10, 2_000, 10, 60_000, 10]) {
      const event = await put("a", { data: "x".repeat(size) });
      lengths.push(JSON.stringify(event).length);
    }
    const read = async (offset: number, enough: number, limit?: number) => {
      const view = await store.read("a", { epoch, offset }, limit, enough);
      return view.events.map(({ offset }) => offset);
    };
    const [first = 0, second = 0] = lengths;
    assertEquals(await read(0, 1), [1]);
    assertEquals(await read(0, first), [1]);
    assertEquals(await read(0, first + 1), [1, 2]);
    assertEquals(await read(0, first + second + 1, 2), [1, 2]);
    assertEquals(await read(2, 1_000), [3, 4]);
    assertEquals(await read(3, 1), [4]);
    assertEquals(await read(0, 1_000_000), [1, 2, 3, 4, 5]);
  });

  test("read() returns only the state without a position", async (bench) => {
    const { store, put } = bench;
    const { event_id } = await put("a");
    for (const limit of [undefined, 10]) {
      const { state, watchers: _, ...view } = await store.read(
        "a",
        undefined,
        limit,
      );
      assertEquals(view, { epoch: view.epoch, offset: 1, ...missing });
      assertEquals(state?.snapshot.event_id, event_id);
    }
  });

  test(
    "read() recovers every position that history reaches, and no other",
    async (bench) => {
      const { store, put } = bench;
      const { epoch } = await store.read("a");
      for (let head = 1; head <= 10; head++) {
        await put("a");
        for (let offset = -1; offset <= head + 1; offset++) {
          const isKept = offset >= Math.max(0, head - 3) && offset <= head;
          const view = await store.read("a", { epoch, offset });
          assertEquals(
            [view.offset, view.recovered, view.events.map((e) => e.offset)],
            [head, isKept, isKept ? range(offset + 1, head) : []],
            `head ${head}, offset ${offset}`,
          );
        }
      }
      for (const offset of [Number.MIN_SAFE_INTEGER, 999_999_999_999_999]) {
        const { recovered } = await store.read("a", { epoch, offset });
        assertEquals(recovered, false);
      }
    },
    { historyLimit: 3 },
  );

  test("read() recovers nothing from a different epoch", async ({ store, put }) => {
    await put("a");
    const { epoch } = await store.read("a");
    for (const other of ["", "other", `${epoch}x`, `${epoch} `]) {
      for (const offset of [0, 1]) {
        const view = await store.read("a", { epoch: other, offset });
        assertEquals([view.recovered, view.events], [false, []]);
        assertEquals([view.epoch, view.offset], [epoch, 1]);
      }
    }
  });

  test("read() pages through a history", async ({ store, put }) => {
    for (let count = 0; count < 7; count++) await put("a");
    const { epoch } = await store.read("a");
    const pages: number[][] = [];
    for (let offset = 0; offset < 7;) {
      const view = await store.read("a", { epoch, offset }, 3);
      assertEquals([view.offset, view.recovered], [7, true]);
      const page = view.events.map((event) => event.offset);
      pages.push(page);
      offset = page.at(-1) ?? 7;
    }
    assertEquals(pages, [[1, 2, 3], [4, 5, 6], [7]]);
  });
}

/** Slices of a history. */
export function testReadingEvents(test: Test): void {
  test("readEvents() pages through a history with any bounds", async (bench) => {
    const { store, put } = bench;
    for (const size of [10, 2_000, 10, 60_000, 10, 60_000]) {
      await put("a", { data: "x".repeat(size) });
    }
    const { epoch, events } = await store.read("a", "oldest");
    for (
      const [limit, enough, longest] of [
        [2, 1_000_000, 2],
        [100, 1, 1],
        [100, 3_000, 4],
        [100, 1_000_000, 6],
      ] as const
    ) {
      const read: EncodedEvent[] = [];
      while (read.length < 6) {
        const since = { epoch, offset: read.length };
        const slice = await store.readEvents("a", since, limit, enough);
        assertEquals(slice?.offset, 6);
        const { events: [first, ...rest] = [] } = slice ?? {};
        assert(first !== undefined && rest.length < longest);
        read.push(first, ...rest);
      }
      assertEquals<readonly EncodedEvent[]>(read, events);
      const end = { epoch, offset: 6 };
      assertEquals(await store.readEvents("a", end, limit, enough), {
        offset: 6,
        events: [],
      });
    }
  });

  test(
    "readEvents() finds nothing beyond the kept history",
    async ({ store, put }) => {
      const { epoch } = await store.read("a");
      const offsets = async (since: { epoch: string; offset: number }) => {
        const slice = await store.readEvents("a", since, 100, 1_000_000);
        return slice?.events.map(({ offset }) => offset);
      };
      assertEquals(await offsets({ epoch, offset: 0 }), undefined);
      for (let count = 0; count < 5; count++) await put("a");
      assertEquals(await offsets({ epoch, offset: 1 }), undefined);
      assertEquals(await offsets({ epoch, offset: 2 }), [3, 4, 5]);
      assertEquals(await offsets({ epoch, offset: 6 }), undefined);
      assertEquals(await offsets({ epoch: "other", offset: 2 }), undefined);
      await store.forget("a");
      assertEquals(await offsets({ epoch, offset: 2 }), undefined);
    },
    { historyLimit: 3 },
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

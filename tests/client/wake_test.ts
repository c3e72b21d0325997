import { assertEquals } from "@std/assert";
import { onWake } from "../../src/client/wake.ts";

/** Adds a page to a runtime without pages. */
function withPage(
  fn: (page: EventTarget & { visibilityState: string }) => void,
) {
  const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  Object.defineProperty(globalThis, "document", {
    value: page,
    configurable: true,
  });
  try {
    fn(page);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("onWake() reports a restored network until aborted", () => {
  const heard: boolean[] = [];
  const controller = new AbortController();
  onWake((isNetworkNew) => heard.push(isNetworkNew), controller.signal);
  dispatchEvent(new Event("online"));
  assertEquals(heard, [true]);
  controller.abort();
  dispatchEvent(new Event("online"));
  assertEquals(heard, [true]);
});

Deno.test("onWake() reports a visible page until aborted", () => {
  withPage((page) => {
    const heard: boolean[] = [];
    const controller = new AbortController();
    onWake((isNetworkNew) => heard.push(isNetworkNew), controller.signal);
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, []);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, [false]);
    controller.abort();
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, [false]);
  });
});

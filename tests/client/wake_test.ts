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

Deno.test("onWake() reports a restored network until stopped", () => {
  const heard: boolean[] = [];
  const stop = onWake((isNetworkNew) => heard.push(isNetworkNew));
  dispatchEvent(new Event("online"));
  assertEquals(heard, [true]);
  stop();
  dispatchEvent(new Event("online"));
  assertEquals(heard, [true]);
});

Deno.test("onWake() reports a visible page until stopped", () => {
  withPage((page) => {
    const heard: boolean[] = [];
    const stop = onWake((isNetworkNew) => heard.push(isNetworkNew));
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, []);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, [false]);
    stop();
    page.dispatchEvent(new Event("visibilitychange"));
    assertEquals(heard, [false]);
  });
});

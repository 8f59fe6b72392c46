import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Opening } from "../../src/runtime/opening.ts";
import type { Socket } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";

test("Opening gives a socket up that is not open within 10 s", async () => {
  const { opening, expire, expired } = openingByHand();
  assertEquals(expired(), 0);
  expire();
  await assertRejects(() => opening.socket, Error, "not open within 10000 ms");
  assertEquals(expired(), 1);
});

test("Opening ends once", async () => {
  const { opening, expire } = openingByHand();
  opening.fail();
  opening.succeed({} as Socket);
  expire();
  await assertRejects(() => opening.socket, Error, "client went away");
});

test("Opening that fails raises no unhandled rejection", async () => {
  const opening = new Opening(() => {});
  opening.fail();
  await new Promise((resolve) => setTimeout(resolve));
});

test("Opening that ends leaves no timer behind", () => {
  new Opening(() => {}).succeed({} as Socket);
  new Opening(() => {}).fail();
});

/** An opening whose deadline passes when the test says so. */
function openingByHand() {
  const callbacks: (() => void)[] = [];
  const timer = (callback: () => void, ms: number) => {
    assertEquals(ms, 10_000);
    callbacks.push(callback);
    return 0;
  };
  using _timers = stub(globalThis, "setTimeout", timer as unknown as typeof setTimeout);
  let count = 0;
  const opening = new Opening(() => count++);
  return { opening, expire: () => callbacks.forEach((callback) => callback()), expired: () => count };
}

import { assertEquals, unreachable } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Opening } from "../../src/runtime/opening.ts";
import type { Socket } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";

const socket = {} as Socket;

test("Opening gives a socket up that is not open within 10 s", () => {
  const { heard, expire } = openingByHand();
  assertEquals(heard, []);
  expire();
  assertEquals(heard, ["not open within 10000 ms after the upgrade was answered", "expired"]);
});

test("Opening ends once", () => {
  const failed = openingByHand();
  failed.opening.fail();
  failed.opening.fail();
  failed.opening.succeed(socket);
  assertEquals(failed.heard, ["client went away before the socket was open"]);
  const succeeded = openingByHand();
  succeeded.opening.succeed(socket);
  succeeded.opening.succeed(socket);
  succeeded.opening.fail();
  assertEquals(succeeded.heard, [socket]);
});

test("Opening that ends leaves no timer behind, whether it ends before or after it is limited", () => {
  const end = { opened() {}, failed() {} };
  for (const how of [(opening: Opening) => opening.succeed(socket), (opening: Opening) => opening.fail()]) {
    const [before, after] = [new Opening(end), new Opening(end)];
    how(before);
    before.limit(() => unreachable());
    after.limit(() => unreachable());
    how(after);
  }
});

/** An opening whose deadline passes when the test says so, and what was heard of it. */
function openingByHand() {
  const callbacks: (() => void)[] = [];
  const timer = (callback: () => void, ms: number) => {
    assertEquals(ms, 10_000);
    callbacks.push(callback);
    return 0;
  };
  using _timers = stub(globalThis, "setTimeout", timer as unknown as typeof setTimeout);
  const heard: unknown[] = [];
  const end = {
    opened: (socket: Socket) => void heard.push(socket),
    failed: ({ message }: Error) => void heard.push(message),
  };
  const opening = new Opening(end);
  opening.limit(() => heard.push("expired"));
  return { opening, expire: () => callbacks.forEach((callback) => callback()), heard };
}

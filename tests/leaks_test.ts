import { assertEquals, assertRejects } from "@std/assert";
import { createServer, type Server } from "node:net";
import { test } from "./harness.ts";
import { leavingNothingOpen } from "./leaks.ts";

const settleMs = 20;

test("leavingNothingOpen() rejects when a socket stays open", async () => {
  const server = createServer();
  await assertRejects(
    leavingNothingOpen(() => listen(server), settleMs),
    Error,
    "Cannot end the test: 1 more sockets are open than before",
  );
  await close(server);
});

test("leavingNothingOpen() rejects when a timer stays", async () => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startTimer = () => void (timer = setTimeout(() => {}, 60_000));
  await assertRejects(
    leavingNothingOpen(startTimer, settleMs),
    Error,
    "Cannot end the test: 1 more timers are running than before",
  );
  clearTimeout(timer);
});

test("leavingNothingOpen() takes a test that closes what it opened", async () => {
  let opened = 0;
  await leavingNothingOpen(async () => {
    const server = createServer();
    await listen(server);
    opened++;
    await close(server);
  })();
  assertEquals(opened, 1);
});

test("leavingNothingOpen() rejects with the test's own error", async () => {
  await assertRejects(leavingNothingOpen(() => Promise.reject(new RangeError("mine"))), RangeError, "mine");
});

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => server.close((error) => error ? reject(error) : resolve()));
}

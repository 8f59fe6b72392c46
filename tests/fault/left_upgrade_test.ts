import { assertEquals } from "@std/assert";
import { connect } from "node:net";
import { RUNTIMES_OWN_SOCKETS } from "../census.ts";
import { eventually } from "../contract/eventually.ts";
import { runtimeName, test } from "../harness.ts";
import { isLong } from "./long.ts";
import { ProcessPair } from "./process_pair.ts";
import { assertServed, startCallers, stopCallers } from "./under_load.ts";
import { within } from "./within.ts";

const CLIENTS = 50;

/** How long an answered upgrade may take to become a socket, in milliseconds. */
const UPGRADE_MS = 10_000;

const request = "GET /?npws=2 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n";

test(`faults: clients that reset right behind their requests keep nobody from a server on ${runtimeName}`, async () => {
  await using pair = await ProcessPair.start({ client: runtimeName, server: runtimeName });
  await startCallers(pair, "client", { longestBytes: 1_000 });
  const strays = await pair.server.call("straySockets");
  await Promise.all(Array.from({ length: CLIENTS }, () => requestAndReset(pair.proxy.target)));
  await assertServed(pair, ["client"]);
  await stopCallers(pair, ["client"]);
  await pair.client.call("flush");
  await pair.full();
  // Deno never reports that the upgrade failed, and keeps the socket forever.
  const left = await pair.server.call("straySockets") - strays - RUNTIMES_OWN_SOCKETS;
  assertEquals(left > 0, runtimeName === "deno", `${left} sockets are left`);
  if (!isLong) return;
  const areFree = async () => (await pair.server.call("stats")).dialing === 0;
  await within(UPGRADE_MS + 2_000, "all places are free", eventually(areFree));
}, { timeoutMs: 60_000 });

/** Resolves when the connection is closed. */
function requestAndReset(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // a close follows
  socket.write(request, () => socket.resetAndDestroy());
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import type { Endpoint } from "../../src/runtime/endpoint.ts";
import { connectTcp } from "../../src/runtime/transport.ts";
import { test } from "../harness.ts";
import { assertSharedListeners } from "../shared_listeners.ts";

/** Runs `body` with the endpoint of a listener. */
async function withListener(body: (endpoint: Endpoint) => Promise<void>): Promise<void> {
  const listener = createServer((socket) => void socket.resume());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  await body({ host: "127.0.0.1", port, certificateName: "", serverName: undefined });
  await new Promise((resolve) => listener.close(resolve));
}

test("connectTcp() has what is written leave at once", () =>
  withListener(async (endpoint) => {
    using setNoDelay = spy(Socket.prototype, "setNoDelay");
    const socket = await connectTcp(endpoint, new AbortController().signal);
    assertEquals(setNoDelay.calls.filter(({ self }) => self === socket).map(({ args }) => args), [[true]]);
    socket.destroy();
  }));

test("connectTcp() leaves no listeners that are a socket's own", () =>
  withListener(async (endpoint) => {
    const connect = () => connectTcp(endpoint, new AbortController().signal);
    const [first, second] = await Promise.all([connect(), connect()]);
    assertSharedListeners(first, second, ["connect", "error"]);
    for (const socket of [first, second]) socket.destroy();
  }));

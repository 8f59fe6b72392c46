import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { connectTcp } from "../../src/runtime/transport.ts";
import { test } from "../harness.ts";

test("connectTcp() has what is written leave at once", async () => {
  using setNoDelay = spy(Socket.prototype, "setNoDelay");
  const listener = createServer((socket) => void socket.resume());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const endpoint = { host: "127.0.0.1", port, certificateName: "", serverName: undefined };
  const socket = await connectTcp(endpoint, new AbortController().signal);
  assertEquals(setNoDelay.calls.filter(({ self }) => self === socket).map(({ args }) => args), [[true]]);
  socket.destroy();
  await new Promise((resolve) => listener.close(resolve));
});

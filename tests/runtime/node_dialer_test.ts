import { assert, assertEquals, assertRejects } from "@std/assert";
import { spy } from "@std/testing/mock";
import { getEventListeners } from "node:events";
import { Socket as NetSocket } from "node:net";
import { NodeDialer } from "../../src/runtime/node_dialer.ts";
import { OpeningHandshake } from "../../src/runtime/opening_handshake.ts";
import type { Socket } from "../../src/runtime/socket.ts";
import { Recorder } from "../contract/sockets.ts";
import { test } from "../harness.ts";
import { assertSharedListeners } from "../shared_listeners.ts";
import { glued, Npws1Server } from "../npws1_peer.ts";

function dial(url: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Socket> {
  return new NodeDialer({ url, headers, tls: undefined, WebSocket: undefined }).dial(signal);
}

test("NodeDialer sends each character of a header as a byte", async () => {
  const requests: string[] = [];
  await using server = await Npws1Server.listen(({ link, accept, request }) => {
    requests.push(request);
    return link.write(accept);
  });
  const socket = await dial(server.url, new AbortController().signal, { "x-name": "caf\xe9" });
  socket.terminate();
  (await server.nextLink()).destroy();
  assertEquals(/^x-name: (.*)\r$/m.exec(requests[0])?.[1], "caf\xe9");
});

test("NodeDialer keeps nothing of a dial that is done", async () => {
  using read = spy(OpeningHandshake.prototype, "read");
  await using server = await Npws1Server.listen(glued);
  const { signal } = new AbortController();
  const socket = await dial(server.url, signal);
  const heard = new Recorder();
  socket.handler = heard;
  await heard.next();
  const { length } = read.calls;
  assert(length > 0);
  const link = await server.nextLink();
  await link.write(Uint8Array.of(0x81, 1, 97));
  assertEquals(await heard.next(), { message: "a" });
  assertEquals(read.calls.length, length);
  assertEquals(getEventListeners(signal, "abort"), []);
  socket.terminate();
  link.destroy();
});

test("NodeDialer leaves no listeners that are a transport's own", async () => {
  using setNoDelay = spy(NetSocket.prototype, "setNoDelay");
  await using server = await Npws1Server.listen(glued);
  const transports = await Promise.all([1, 2].map(async () => {
    const socket = await dial(server.url, new AbortController().signal);
    const { remotePort } = await server.nextLink();
    const transport = setNoDelay.calls.find(({ self }) => self?.localPort === remotePort)!.self!;
    socket.handler = new Recorder();
    return { socket, transport };
  }));
  const [first, second] = transports.map(({ transport }) => transport);
  assertSharedListeners(first, second, ["connect", "data", "drain", "end", "error", "close"]);
  for (const { socket } of transports) socket.terminate();
});

test("NodeDialer keeps nothing of a dial that has failed", async () => {
  await using server = await Npws1Server.listen(({ link }) =>
    link.write(new TextEncoder().encode("HTTP/1.1 404 Not Found\r\n\r\n"))
  );
  const { signal } = new AbortController();
  await assertRejects(() => dial(server.url, signal), Error, "server answered 404 Not Found");
  assertEquals(getEventListeners(signal, "abort"), []);
});

import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { pattern } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { listen, type Target } from "./target.ts";
import { startTunnel } from "./tunnel.ts";

/** Starts a WebSocket server that echoes every message. */
async function startWebSocketEcho(): Promise<Target> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const port = await listen(http);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function exchange(socket: WebSocket, message: string | Uint8Array<ArrayBuffer>): Promise<unknown> {
  const answer = new Promise<MessageEvent>((resolve) => socket.addEventListener("message", resolve, { once: true }));
  socket.send(message);
  return (await answer).data;
}

test("tunnel carries a WebSocket from the handshake to the close", async () => {
  await using target = await startWebSocketEcho();
  await using tunnel = await startTunnel(target.port);
  const socket = new WebSocket(`ws://127.0.0.1:${tunnel.port}/`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  assertEquals(await exchange(socket, "text"), "text");
  for (const length of [0, 1, 70_000, 1_000_000]) {
    const message = pattern(length);
    assertEquals(new Uint8Array(await exchange(socket, message) as ArrayBuffer), message);
  }
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));
  socket.close(4000, "enough");
  const { code, reason, wasClean } = await closed;
  assertEquals({ code, reason, wasClean }, { code: 4000, reason: "enough", wasClean: true });
});

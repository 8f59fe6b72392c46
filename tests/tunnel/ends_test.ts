import { assertEquals, assertMatch } from "@std/assert";
import type { Socket } from "node:net";
import { test } from "../harness.ts";
import { RawClient } from "./raw_client.ts";
import { deadPort, startEcho, startTarget, type Target } from "./target.ts";
import { startTunnel } from "./tunnel.ts";

/** A target whose connections the test controls. */
async function heldTarget(): Promise<Target & { next(): Promise<Socket> }> {
  const sockets: Socket[] = [];
  let wake = () => {};
  const target = await startTarget((socket) => {
    sockets.push(socket);
    wake();
  });
  const next = async () => {
    if (sockets.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return sockets.shift()!;
  };
  return { ...target, next };
}

function received(socket: Socket, length: number): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.length >= length) resolve(text);
    });
  });
}

function ended(socket: Socket): Promise<"end" | "reset"> {
  return new Promise((resolve) => {
    socket.once("end", () => resolve("end")).once("error", () => resolve("reset")).resume();
  });
}

test("tunnel carries single bytes there and back, one after the other", async () => {
  await using echo = await startEcho();
  await using tunnel = await startTunnel(echo.port);
  using client = await RawClient.connect(tunnel.port);
  const keys = "ls -l\r\x03\x00\xff";
  for (const key of keys) {
    client.send(key);
    assertEquals(await client.read(1), key);
  }
});

test("tunnel carries the end of what the public side sends, and leaves the answer open", async () => {
  await using target = await heldTarget();
  await using tunnel = await startTunnel(target.port);
  using client = await RawClient.connect(tunnel.port);
  client.send("question");
  client.endWriting();
  const socket = await target.next();
  const question = received(socket, 8);
  assertEquals([await question, await ended(socket)], ["question", "end"]);
  socket.end("answer after the end");
  assertEquals(await client.readToEnd(), { rest: "answer after the end", end: "end" });
});

test("tunnel carries the end of what the target sends, and leaves the other direction open", async () => {
  await using target = await heldTarget();
  await using tunnel = await startTunnel(target.port);
  using client = await RawClient.connect(tunnel.port);
  client.send("x"); // the target may see the connection before or together with this byte
  const socket = await target.next();
  socket.end("greeting");
  assertEquals(await client.readToEnd(), { rest: "greeting", end: "end" });
  client.send("y after the end");
  client.endWriting();
  assertEquals(await received(socket, 16), "xy after the end");
  assertEquals(await ended(socket), "end");
});

test("tunnel carries a reset of the target to the public side", async () => {
  await using target = await heldTarget();
  await using tunnel = await startTunnel(target.port);
  using client = await RawClient.connect(tunnel.port);
  client.send("x");
  const socket = await target.next();
  await received(socket, 1);
  socket.resetAndDestroy();
  assertEquals(await client.readToEnd(), { rest: "", end: "reset" });
});

test("tunnel carries a reset of the public side to the target", async () => {
  await using target = await heldTarget();
  await using tunnel = await startTunnel(target.port);
  using client = await RawClient.connect(tunnel.port);
  client.send("x");
  const socket = await target.next();
  await received(socket, 1);
  const end = ended(socket);
  client.reset();
  assertEquals(await end, "reset");
});

test("tunnel closes a connection whose target is down at once, and both sides tell why", async () => {
  const port = await deadPort();
  await using tunnel = await startTunnel(port, { client: ["--name", "edge-7"] });
  using client = await RawClient.connect(tunnel.port);
  assertEquals(await client.readToEnd(), { rest: "", end: "reset" });
  const why = `Cannot connect to 127.0.0.1:${port}: connection refused`;
  assertMatch((await tunnel.client.logged(/^warn +(.*)/))[0], new RegExp(why));
  assertEquals((await tunnel.server.logged(/^warn +(edge-7.*)/))[0], `edge-7: ${why}`);
});

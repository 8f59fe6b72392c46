import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as NetSocket } from "node:net";
import { FramedSocket } from "../../src/runtime/framed_socket.ts";
import { connectTcp } from "../../src/runtime/transport.ts";
import { Recorder } from "../contract/sockets.ts";
import { pattern } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { countTimers } from "../leaks.ts";
import { RawLink } from "../raw_link.ts";
import { closePayload, concat, Opcode } from "../websocket_frames.ts";

/** A socket over a TCP connection whose other end the test holds. `first` is what arrives along with the handshake. */
async function open(first: (peer: RawLink) => Uint8Array = () => new Uint8Array()) {
  const listener = createServer({ allowHalfOpen: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, "connection");
  const transport = await connectTcp(
    { host: "127.0.0.1", port, certificateName: "", serverName: undefined },
    new AbortController().signal,
  );
  const [connection]: NetSocket[] = await accepted;
  const peer = new RawLink(connection, "server");
  const socket = new FramedSocket(transport, undefined, Uint8Array.from(first(peer)));
  const heard = new Recorder();
  socket.handler = heard;
  return {
    peer,
    /** The peer's end of the connection. */
    connection,
    transport,
    socket,
    heard,
    async [Symbol.asyncDispose]() {
      socket.terminate();
      peer.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

test("FramedSocket reads first what came with the handshake", async () => {
  await using rig = await open((peer) =>
    concat(peer.frame(Opcode.text, "first"), peer.frame(Opcode.text, "second").slice(0, 3))
  );
  await rig.peer.write(rig.peer.frame(Opcode.text, "second").slice(3));
  assertEquals([await rig.heard.next(), await rig.heard.next()], [{ message: "first" }, { message: "second" }]);
});

test("FramedSocket ends the connection of a peer that breaks the protocol, says why, and leaves no timer", async () => {
  await using rig = await open();
  const { peer, heard } = rig;
  const timers = countTimers();
  await peer.write(concat(peer.frame(Opcode.text, "right"), peer.frame(0x3), peer.frame(Opcode.text, "late")));
  assertEquals(await peer.readClose(), { code: 1002, reason: "" });
  peer.destroy();
  assertEquals([await heard.next(), await heard.next()], [{ message: "right" }, { code: 1006, reason: "" }]);
  assertEquals(countTimers(), timers);
});

test("FramedSocket answers a close frame with what it said, and ends the connection though the peer does not", async () => {
  await using rig = await open();
  await rig.peer.sendClose(4321, "because");
  assertEquals(await rig.peer.readClose(), { code: 4321, reason: "because" });
  assertEquals(await rig.peer.readFrame(), undefined);
  assertEquals(rig.heard.told, [], "its own direction has ended, and the connection has not");
  assertEquals(await rig.heard.next(), { code: 4321, reason: "because" });
});

test("FramedSocket sends nothing behind its close frame", async () => {
  await using rig = await open();
  rig.socket.close(1000, "done");
  await rig.peer.write(rig.peer.frame(Opcode.ping, "still there?"));
  await rig.peer.sendClose(1000);
  assertEquals((await rig.peer.readFrame())?.opcode, Opcode.close);
  assertEquals(await rig.peer.readFrame(), undefined);
});

test("FramedSocket answers the last of many pings when its peer reads again, and keeps no others", async () => {
  await using rig = await open();
  const chunk = new Uint8Array(65_536);
  let sent = 1;
  while (rig.socket.send(chunk)) sent++;
  for (let ping = 0; ping < 500; ping++) await rig.peer.write(rig.peer.frame(Opcode.ping, `${ping}`));
  await rig.peer.send("all of it");
  await rig.heard.next();
  const held = rig.socket.bufferedBytes;
  assert(held <= sent * chunk.length, `${held} bytes wait`);
  for (; sent > 0; sent--) assertEquals((await rig.peer.readFrame())?.payload.length, chunk.length);
  const { opcode, payload } = (await rig.peer.readFrame())!;
  assertEquals([opcode, new TextDecoder().decode(payload)], [Opcode.pong, "499"]);
});

test("FramedSocket waits for a handler that comes in the same turn, however much its peer has sent", async () => {
  await using rig = await open();
  const { peer, socket, heard } = rig;
  const late = new Recorder();
  const first = heard.next().then(() => socket.handler = late);
  socket.handler = {
    onMessage(message) {
      socket.handler = undefined;
      heard.onMessage(message);
    },
    onDrain() {},
    onClose() {},
  };
  const chunk = new Uint8Array(65_536);
  const chunks = Array.from({ length: 64 }, () => peer.frame(Opcode.binary, chunk));
  await peer.write(concat(peer.frame(Opcode.text, "first"), ...chunks));
  await first;
  for (let got = 0; got < chunks.length; got++) assertEquals(await late.next(), { message: chunk });
});

test("FramedSocket that is paused tells what came before its connection broke", async () => {
  await using rig = await open();
  const { peer, transport, socket, heard } = rig;
  await peer.write(peer.frame(Opcode.text, "first"));
  await heard.next();
  socket.pause();
  const sent = concat(peer.frame(Opcode.text, "last"), peer.frame(Opcode.close, closePayload(1000, "bye")));
  await peer.write(sent);
  while (transport.readableLength < sent.length) await new Promise((resolve) => setTimeout(resolve));
  transport.destroy();
  assertEquals([await heard.next(), await heard.next()], [{ message: "last" }, { code: 1000, reason: "bye" }]);
});

test("FramedSocket gives up a peer that ends without a close frame and reads nothing", async () => {
  await using rig = await open();
  const { peer, socket, heard, connection } = rig;
  await peer.write(peer.frame(Opcode.text, "last"));
  await heard.next();
  const chunk = new Uint8Array(65_536);
  while (socket.send(chunk)) { /* fills all buffers on the way */ }
  connection.end();
  assertEquals(await heard.next(), { code: 1006, reason: "" });
});

test("FramedSocket gives the memory back that it has read, and none of its messages", async () => {
  await using rig = await open();
  const chunks: Uint8Array[] = [];
  rig.transport.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const message = pattern(65_536);
  await rig.peer.write(rig.peer.frame(Opcode.binary, message));
  assertEquals(await rig.heard.next(), { message });
  assert(chunks.some(({ byteLength }) => byteLength === 0));
  assertEquals(chunks.filter(({ byteLength }) => byteLength >= message.byteLength / 2), []);
});

test("FramedSocket that its owner pauses at once stays paused", async () => {
  await using setting = await open((peer) => peer.frame(Opcode.text, "first"));
  setting.socket.pause();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(setting.transport.isPaused(), true);
});

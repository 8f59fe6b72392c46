import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeNetwork } from "./fake_network.ts";
import { FakeRuntime, type FakeRuntimeOptions } from "./fake_runtime.ts";
import { FakePeer } from "./fake_world.ts";
import { ManualClock } from "./fakes.ts";
import { test } from "./harness.ts";

/** A network with a server that accepts every upgrade, and a dial to it. */
function setUp(options?: FakeRuntimeOptions) {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock);
  const runtime = new FakeRuntime(network, options);
  const accepted: FakePeer[] = [];
  const listener = network.listen(0, (_request, visit) => {
    runtime.accept(visit).then((opened) => accepted.push(new FakePeer(opened)), () => {});
    return undefined;
  });
  const url = `ws://127.0.0.1:${listener.port}/`;
  const dial = (signal = new AbortController().signal) => runtime.dialer({ url, headers: {} }).dial(signal);
  const connect = async () => {
    const dialed = dial();
    await clock.advance(0);
    return { client: new FakePeer(await dialed), server: accepted.at(-1)! };
  };
  return { clock, network, runtime, listener, accepted, dial, connect };
}

test("FakeRuntime opens both ends, and the server's first message comes behind the opening", async () => {
  const { clock, dial, accepted } = setUp();
  const dialed = dial();
  await clock.advance(0);
  accepted[0].socket.send("hello");
  const client = new FakePeer(await dialed);
  await clock.advance(0);
  assertEquals(client.messages, ["hello"]);
});

test("FakeRuntime refuses a dial to a port where nobody listens, and to a handler that answers", async () => {
  const { clock, dial, listener, network } = setUp();
  listener.close();
  const refused = assertRejects(() => dial(), Error, "connection refused");
  await clock.advance(0);
  await refused;
  network.listen(listener.port, () => new Response(null, { status: 503 }));
  const full = assertRejects(() => dial(), Error, "server answered 503");
  await clock.advance(0);
  await full;
  assertEquals([network.dialing, network.openSockets, clock.pending], [0, 0, 0]);
});

test("FakeRuntime gives up a dial with the signal's reason, wherever it is, and leaves nothing open", async () => {
  const { clock, dial, network } = setUp();
  network.delayMs = () => 10;
  for (const abortAt of [0, 5, 10, 15]) {
    const controller = new AbortController();
    const reason = new Error(`aborted at ${abortAt}`);
    const dialed = assertRejects(() => dial(controller.signal), Error, reason.message);
    await clock.advance(abortAt);
    controller.abort(reason);
    await dialed;
    await clock.advance(100);
    assertEquals([network.dialing, network.openSockets, clock.pending], [0, 0, 0]);
  }
  network.isDark = true;
  const controller = new AbortController();
  const dialed = assertRejects(() => dial(controller.signal), Error, "dark");
  await clock.advance(100_000);
  assertEquals([network.dialing, network.mostDialing, clock.pending], [1, 1, 0]);
  controller.abort(new Error("dark"));
  await dialed;
});

test("FakeSocket delivers in order, whatever the delay becomes", async () => {
  const { clock, connect } = setUp();
  const { client, server } = await connect();
  client.socket.cable.delayMs = 20;
  const bytes = new Uint8Array([1]);
  client.socket.send(bytes);
  bytes[0] = 9;
  client.socket.cable.delayMs = 5;
  client.socket.send("second");
  client.socket.close(1000, "third");
  await clock.advance(19);
  assertEquals(server.messages, []);
  await clock.advance(1);
  assertEquals(server.messages, [new Uint8Array([1]), "second"]);
  assertEquals(server.closedWith, { code: 1000, reason: "third" });
  await clock.advance(5);
  assertEquals(client.closedWith, { code: 1000, reason: "third" });
  assertEquals(clock.pending, 0);
});

test("FakeSocket.send() asks to wait at the high-water mark and says when to go on", async () => {
  const { clock, network, connect } = setUp();
  network.highWaterBytes = 8;
  const { client, server } = await connect();
  server.socket.pause();
  assert(client.socket.send(new Uint8Array(7)));
  assertFalse(client.socket.send(new Uint8Array(3)));
  assertEquals(client.socket.bufferedBytes, 10);
  await clock.advance(1_000);
  assertEquals([client.drains, server.messages.length], [0, 0]);
  server.socket.resume();
  await clock.advance(0);
  assertEquals([client.drains, server.messages.length, client.socket.bufferedBytes], [1, 2, 0]);
});

test("FakeSocket.pause() does nothing where the runtime cannot", async () => {
  const { clock, connect } = setUp({ canPause: false });
  const { client, server } = await connect();
  server.socket.pause();
  client.socket.send("now");
  await clock.advance(0);
  assertEquals(server.messages, ["now"]);
});

test("FakeSocket.silence() answers no close, and terminate() ends this end alone", async () => {
  const { clock, network, connect } = setUp();
  const { client, server } = await connect();
  server.socket.silence();
  client.socket.send("unheard");
  client.socket.close(1000, "");
  await clock.advance(60_000);
  assertEquals([client.closedWith, server.messages.length], [undefined, 0]);
  client.socket.terminate();
  assertEquals(client.closedWith, { code: 1006, reason: "" });
  await clock.advance(60_000);
  assertEquals([server.closedWith, network.openSockets], [undefined, 1]);
  server.socket.speak();
  await clock.advance(0);
  assertEquals(server.closedWith, { code: 1006, reason: "" });
  assertEquals([network.openSockets, network.cables.size, clock.pending], [0, 0, 0]);
});

test("FakeSocket.mute() still hears, and speak() lets out what it said meanwhile", async () => {
  const { clock, connect } = setUp();
  const { client, server } = await connect();
  server.socket.mute();
  client.socket.send("question");
  server.socket.send("answer");
  await clock.advance(0);
  assertEquals([server.messages, client.messages], [["question"], []]);
  server.socket.speak();
  await clock.advance(0);
  assertEquals(client.messages, ["answer"]);
});

test("FakeCable.lose() drops what is under way and tells both ends", async () => {
  const { clock, network, connect } = setUp();
  const { client, server } = await connect();
  client.socket.send("lost");
  server.socket.silence();
  client.socket.cable.lose();
  await clock.advance(0);
  assertEquals([client.closedWith, server.closedWith], Array(2).fill({ code: 1006, reason: "" }));
  assertEquals([server.messages.length, network.openSockets, clock.pending], [0, 0, 0]);
});

test("FakeSocket answers a close that crosses its own once", async () => {
  const { clock, network, connect } = setUp();
  const { client, server } = await connect();
  client.socket.close(1000, "mine");
  server.socket.close(1001, "yours");
  await clock.advance(0);
  assertEquals(client.closedWith, { code: 1001, reason: "yours" });
  assertEquals(server.closedWith, { code: 1000, reason: "mine" });
  assertEquals([network.openSockets, clock.pending], [0, 0]);
});

test("FakeSocket.close() throws for what no close frame can carry", async () => {
  const { connect } = setUp();
  const { client } = await connect();
  assertThrows(() => client.socket.close(1006, ""), Error, "got 1006");
  client.socket.terminate();
});

test("FakeListener.close() drops the WebSockets that were opened to it", async () => {
  const { clock, network, listener, connect } = setUp();
  const { client, server } = await connect();
  assertStrictEquals(network.listeners, 1);
  listener.close();
  await clock.advance(0);
  assertEquals([client.closedWith?.code, server.closedWith?.code], [1006, 1006]);
  assertEquals([network.listeners, network.openSockets], [0, 0]);
});

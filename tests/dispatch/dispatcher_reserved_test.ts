import { assertEquals, assertRejects } from "@std/assert";
import { PoolTimeoutError } from "../../src/errors.ts";
import { test } from "../harness.ts";
import { DispatcherRig, outcomeOf } from "./dispatcher_rig.ts";

test("Dispatcher.get() by id hands out a stream that the peer took, and sends nothing", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  says("take");
  sent();
  const connection = await rig.outgoingGet("00000000");
  assertEquals([connection.id, sent()], ["00000000", []]);
  connection.writable.close();
  says("fin");
  await rig.turn();
  assertEquals(sent(), ["fin", "idle"], "the link is free for the next stream");
});

test("Dispatcher gives a link to the one who waits for its peer, and to the next in line", async () => {
  const rig = new DispatcherRig("server");
  const calls = [
    rig.incomingGet({ peer: "edge-8" }),
    rig.incomingGet({ peer: "edge-7" }),
    rig.open(),
    rig.incomingGet(),
  ];
  for (const name of ["edge-7", "edge-9", undefined, "edge-8"]) rig.addLink({ name }).says("ok");
  const connections = await Promise.all(calls);
  assertEquals(connections.map(({ peer }) => peer), ["edge-8", "edge-7", "edge-9", undefined]);
});

test("Dispatcher.get() by id waits for the peer's take, or for an idle link with the id", async () => {
  const rig = new DispatcherRig("client");
  const calls = ["00000000", "00000001"].map((id) => rig.outgoingGet(id));
  const idle = rig.addLink();
  assertEquals(idle.sent(), ["take"]);
  idle.says("ok");
  assertEquals((await calls[0]).id, "00000000");
  const taken = rig.addLink();
  taken.says("ok");
  assertEquals((await calls[1]).id, "00000001");
});

test("Dispatcher.get() by id says that the peer did not offer it in time", async () => {
  const rig = new DispatcherRig("client");
  rig.addLink();
  const call = rig.outgoingGet("0000000e", { timeoutMs: 10 });
  await rig.clock.advance(10);
  await assertRejects(
    () => call,
    PoolTimeoutError,
    "Cannot get link 0000000e: not offered by the peer within 10 ms",
  );
});

test("Dispatcher.get() by id serves whoever waits when the peer's take comes", async () => {
  const rig = new DispatcherRig("server");
  const { link, sent, says } = rig.addLink();
  const any = rig.incomingGet();
  says("ok");
  await any;
  const call = rig.outgoingGet("0000000b"); // the link's next id
  says("fin", "stop 1");
  await (await any).close();
  says("idle", "ok");
  assertEquals(link.id, "0000000b");
  assertEquals((await call).id, "0000000b");
  assertEquals(sent().slice(-1), ["take"]);
});

test("Dispatcher.get() accepts in the order in which the peer opened, and nothing that it took", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 8 });
  const links = [rig.addLink(), rig.addLink(), rig.addLink()];
  links[1].says("open AQ");
  links[0].says("take");
  links[2].says("open Ag");
  const [first, second, third] = [rig.accept(), rig.accept(), rig.accept()];
  assertEquals([(await first).id, ...(await first).metadata], ["00000001", 1]);
  assertEquals([(await second).id, ...(await second).metadata], ["00000002", 2]);
  assertEquals(await outcomeOf(rig, third), "waits");
});

test("Dispatcher refuses an open when as many wait to be accepted as acceptBacklog allows", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 2 });
  const links = [rig.addLink(), rig.addLink(), rig.addLink(), rig.addLink()];
  for (const { says } of links) says("open");
  assertEquals(links.map(({ sent }) => sent()), [["ok"], ["ok"], ["no"], ["no"]]);
  await rig.accept();
  links[2].says("open");
  assertEquals(links[2].sent(), ["ok"]);
});

test("Dispatcher takes an open whatever the backlog when somebody waits to accept", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 0 });
  const { sent, says } = rig.addLink();
  const call = rig.accept();
  says("open");
  assertEquals([sent(), (await call).id], [["ok"], "00000000"]);
});

test("Dispatcher keeps a link once whose peer's open it refused", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 0 });
  const { sent, says } = rig.addLink();
  says("open", "open");
  assertEquals([sent(), rig.dispatcher.store.size], [["no", "no"], 1]);
  const calls = [rig.incomingGet(), rig.incomingGet()];
  assertEquals(sent(), ["take"]);
  says("ok");
  assertEquals((await calls[0]).id, "00000000");
  assertEquals(await outcomeOf(rig, calls[1]), "waits");
});

test("Dispatcher gives up a stream that nobody fetched for 30 seconds", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  says("take");
  await rig.clock.advance(30_000);
  assertEquals(sent(), ["ok", "reset 2 never fetched", "stop 2 never fetched"]);
  assertEquals(await outcomeOf(rig, rig.outgoingGet("00000000")), "waits");
});

test("Dispatcher hands out no stream whose link was lost or violated the protocol", async () => {
  for (const end of ["lost", "violated"]) {
    const rig = new DispatcherRig("client");
    const { socket, says } = rig.addLink();
    says("take");
    if (end === "lost") socket.end(1006);
    else says("nonsense");
    assertEquals(await outcomeOf(rig, rig.outgoingGet("00000000")), "waits", end);
  }
});

test("Dispatcher hands out a stream that the peer sent completely before its link was lost", async () => {
  const rig = new DispatcherRig("client");
  const { socket, says } = rig.addLink();
  says("take");
  socket.receive(Uint8Array.of(1, 2, 3));
  says("fin");
  socket.end(1006);
  const { readable } = await rig.outgoingGet("00000000");
  assertEquals([...new Uint8Array(await new Response(readable).arrayBuffer())], [1, 2, 3]);
});

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionResetError, ProtocolError } from "../../src/errors.ts";
import { HIGH_WATER_BYTES } from "../../src/runtime/limits.ts";
import { test } from "../harness.ts";
import { HALF_WINDOW_BYTES, NEXT_ID } from "./fake_link_host.ts";
import { FIRST_ID, type LinkRig, PEER_WINDOW } from "./link_rig.ts";
import { fin, hold, peer, peerData, peerIdle, rigAfter, takeEarly, write } from "./steps.ts";

test("a link gets nothing more of an early start whose take is void", async () => {
  const rig = await rigAfter(takeEarly("open"), write(10), peer("take"));
  rig.takeSent();
  await write(20)(rig);
  await fin(rig);
  assertEquals(rig.takeSent(), []);
  assertEquals(rig.row, "open/open");
});

test("a link gets nothing more of an early start that the peer refused", async () => {
  const rig = await rigAfter(takeEarly("open"), write(10), peer("no"));
  rig.takeSent();
  await write(20)(rig);
  assertEquals([rig.row, rig.takeSent()], ["idle", []]);
});

test("a link sends an adopted early start from its first byte behind its answer", async () => {
  const rig = await rigAfter(takeEarly("take"), write(10), peer("take"));
  assertEquals(rig.takeSent(), ["take", "data 10", "ok"]);
  rig.link.adopt(rig.own!.early!);
  assertEquals(rig.takeSent(), ["data 10"]);
  assertStrictEquals(rig.stream, rig.application);
  await write(20)(rig);
  rig.receiveData(5);
  rig.application!.end();
  assertEquals(rig.takeSent(), ["data 20", "fin"]);
  assertEquals(rig.application!.unreadBytes, 5);
});

test("a link ends the stream of an adopted early start as any other", async () => {
  const rig = await rigAfter(takeEarly("take"), write(10), fin, peer("take"));
  rig.link.adopt(rig.own!.early!);
  rig.takeSent();
  rig.receive("fin");
  assertEquals([rig.row, rig.takeSent()], ["done", ["idle"]]);
});

test("a link sends the rest of an adopted early start when credit comes, and a reset at once", async () => {
  const adopted = async () => {
    const rig = await rigAfter(takeEarly("take"), write(1_500), peer("take"));
    rig.takeSent();
    rig.link.adopt(rig.own!.early!);
    assertEquals(rig.takeSent(), ["data 500"]);
    return rig;
  };
  const goesOn = await adopted();
  goesOn.receive("credit 9000");
  assertEquals(goesOn.takeSent(), ["data 1000"]);
  const isReset = await adopted();
  isReset.application!.reset(1, "");
  isReset.receive("credit 9000");
  assertEquals(isReset.takeSent(), ["reset 1"]);
});

test("a link that is found lost while its take is sent begins no early start", async () => {
  const rig = await rigAfter();
  rig.socket.isBroken = true;
  rig.take("open", { early: true });
  assertEquals(rig.takeTold(), ["probing", "probed", "failed lost"]);
  assertEquals(rig.own!.early!.isBegun, false);
});

test("a link that is used again has the id that the server gave, and counts its streams", async () => {
  const rig = await rigAfter(...hold, fin, peer("fin"));
  assertEquals([rig.link.id, rig.link.streams], [FIRST_ID, 1]);
  await peerIdle(rig);
  assertEquals([rig.link.id, rig.link.streams], [NEXT_ID, 1]);
  assertEquals(rig.host.changes, ["idle -> taking", "taking -> inUse", "inUse -> done", "done -> idle"]);
  assertEquals(rig.application!.id, FIRST_ID, "the stream keeps its own");
});

test("a link lets nothing of a stream that is over reach the next one", async () => {
  const rig = await rigAfter(...hold, fin, peer("fin"), peerIdle);
  const over = rig.application!;
  rig.reserve("take");
  rig.takeSent();
  over.write(new Uint8Array(20_000));
  over.reset(1, "");
  over.cancel(1, "");
  await rig.turn();
  assertEquals([rig.row, rig.takeSent()], ["open/open", []]);
});

test("a link carries one stream after the other, each to its own end", async () => {
  const rig = await rigAfter();
  for (let stream = 1; stream <= 3; stream++) {
    rig.take("take");
    rig.receive("ok");
    rig.application!.end();
    rig.receive("stop 1", "fin");
    assertEquals([rig.row, rig.link.streams], ["done", stream]);
    rig.receive("stop 1");
    rig.receiveIdle();
    assertEquals(rig.row, "idle");
  }
  assertEquals(rig.conduct.faults, []);
});

test("a link forgets its reserved stream once, whatever follows its end", async () => {
  const rig = await rigAfter((rig) => rig.reserve("take"));
  rig.takeTold();
  rig.receive("nonsense");
  rig.socket.end(1002);
  assertEquals(rig.takeTold(), ["unreserved"]);
});

test("a link that ends under a reserved stream with its end asks whether there is room for it", async () => {
  for (const keeps of [true, false]) {
    for (const end of [peer("nonsense"), (rig: LinkRig) => rig.socket.end(1006)]) {
      const rig = await rigAfter((rig) => rig.reserve("take"), (rig) => rig.receiveData(5), peer("fin"));
      rig.takeTold();
      rig.host.keeps = keeps;
      await end(rig);
      if (rig.link.state === "closing") rig.socket.end(1002);
      assertEquals(rig.takeTold(), keeps ? [] : ["discarded 5 bytes", "unreserved"]);
    }
  }
});

test("a link gives metadata with its open, and the peer's to the stream", async () => {
  const rig = await rigAfter();
  rig.take("open", { metadata: "AQID" });
  assertEquals(rig.takeSent(), ["open AQID"]);
  const other = await rigAfter(peer("open AQID"));
  assertEquals(other.stream!.metadata, "AQID");
  const plain = await rigAfter(peer("take"));
  assertEquals(plain.stream!.metadata, "");
});

test("a link tells the application the code and reason of the peer's reset and stop", async () => {
  const rig = await rigAfter(...hold);
  const errors: unknown[] = [];
  rig.stream!.observe({
    readable() {},
    readFailed: (error) => errors.push(error),
    writeFailed: (error) => errors.push(error),
    settled() {},
  });
  rig.receive("reset 1 out of paper", "stop 2 never fetched");
  const texts = errors.map((error) => {
    assertInstanceOf(error, ConnectionResetError);
    return [error.message, error.code, error.reason];
  });
  const [read, wrote] = ["the peer reset the stream", "the peer stopped reading"];
  assertEquals(texts, [
    [`Cannot read connection ${FIRST_ID}: ${read}, code 1 (out of paper)`, 1, "out of paper"],
    [`Cannot write to connection ${FIRST_ID}: ${wrote}, code 2 (never fetched)`, 2, "never fetched"],
  ]);
});

test("a link says why it closes to the stream that the peer's violation breaks", async () => {
  const rig = await rigAfter(...hold);
  let told: unknown;
  rig.stream!.observe({ readable() {}, readFailed: (error) => told = error, writeFailed() {}, settled() {} });
  rig.receive("take");
  assertInstanceOf(told, ProtocolError);
  assertEquals(
    told.message,
    `Cannot use connection ${FIRST_ID}: the peer sent "take" while the link is in use (open/open)`,
  );
});

test("a link gives a stream up that nobody fetched", async () => {
  const rig = await rigAfter((rig) => rig.reserve("open"));
  rig.takeSent();
  rig.expire();
  assertEquals(rig.takeSent(), ["reset 2 never fetched", "stop 2 never fetched"]);
});

test("a link gives a stream up that nobody fetched, as far as it has not ended", async () => {
  const afterFin = await rigAfter((rig) => rig.reserve("open"), peer("fin"));
  afterFin.takeSent();
  afterFin.expire();
  assertEquals(afterFin.takeSent(), ["reset 2 never fetched", "idle"]);
  const afterStop = await rigAfter((rig) => rig.reserve("open"), peer("stop 1"));
  afterStop.takeSent();
  afterStop.expire();
  assertEquals(afterStop.takeSent(), ["stop 2 never fetched"]);
});

/** A link whose pool closed, after these steps, while the application held its stream. */
async function leavingRig(...steps: Parameters<typeof rigAfter>): Promise<LinkRig> {
  const rig = await rigAfter(...hold, ...steps);
  rig.takeSent();
  rig.link.abort(new Error("the pool is closed"));
  return rig;
}

test("a link gives its stream up with code 3 when the pool closes, and closes when the peer has ended its direction", async () => {
  for (const end of ["fin", "reset 3", "reset 1 of its own"]) {
    const rig = await leavingRig();
    assertEquals(rig.takeSent(), ["reset 3 pool closed", "stop 3 pool closed"], end);
    assertEquals(rig.host.told.slice(-2), ["write failed: Error", "read failed: Error"]);
    rig.link.abort(new Error("again"));
    rig.receiveData(100);
    for (const message of ["credit 9000", "stop 1", "ping 7"]) rig.receive(message);
    assertEquals(rig.takeSent(), ["pong 7"], end);
    rig.receive(end);
    assertEquals([rig.takeSent(), rig.link.end?.reason], [["close 1001"], "pool closed"], end);
  }
});

test("a link closes at once when the pool closes, where the peer has ended its direction before", async () => {
  assertEquals((await leavingRig(peer("fin"))).takeSent(), ["reset 3 pool closed", "close 1001"]);
  assertEquals((await leavingRig(fin)).takeSent(), ["stop 3 pool closed"]);
});

test("a link of a closed pool waits half a second for the peer's end and a second for all of it", async () => {
  const rig = await leavingRig();
  rig.takeSent();
  await rig.host.clock.advance(499);
  assertEquals(rig.takeSent(), []);
  await rig.host.clock.advance(1);
  assertEquals(rig.takeSent(), ["close 1001"]);
  await rig.host.clock.advance(499);
  assertEquals(rig.takeSent(), []);
  await rig.host.clock.advance(1);
  assertEquals([rig.takeSent(), rig.link.state, rig.host.clock.pending], [["terminate"], "closed", 0]);
});

test("a link of a closed pool leaves no timer when its socket is lost", async () => {
  const rig = await leavingRig();
  rig.socket.end(1006);
  assertEquals(rig.host.clock.pending, 0);
});

test("a link of a closed pool takes no bytes over the granted credit", async () => {
  const rig = await leavingRig();
  rig.takeSent();
  for (let i = 0; i < 2; i++) rig.receiveData(HALF_WINDOW_BYTES);
  assertEquals(rig.takeSent(), []);
  rig.receiveData(1);
  assertEquals(rig.takeSent(), ["close 1008"]);
});

test("a link counts the bytes of its streams", async () => {
  const rig = await rigAfter(...hold, write(30), peerData);
  assertEquals(rig.host.traffic, { bytesRead: HALF_WINDOW_BYTES, bytesWritten: 30 });
});

test("a link sends nothing while its socket is full, and goes on when it has room", async () => {
  const rig = await rigAfter(...hold);
  rig.socket.hasRoom = false;
  await write(100)(rig);
  await write(200)(rig);
  assertEquals([rig.link.sendable(), rig.takeSent()], [0, ["take", "data 100"]]);
  rig.socket.drain();
  assertEquals(rig.takeSent(), ["data 200"]);
  assertEquals(rig.link.sendable(), PEER_WINDOW - 300);
});

test("a link is dropped whose peer asks for ever more answers and reads none", async () => {
  const rig = await rigAfter();
  rig.socket.hasRoom = false;
  rig.socket.bufferedBytes = 2 * HIGH_WATER_BYTES;
  rig.receive("ping 1");
  assertEquals([rig.link.state, rig.takeSent()], ["idle", ["pong 1"]]);
  rig.socket.bufferedBytes++;
  rig.receive("ping 2", "ping 3");
  assertEquals([rig.link.state, rig.takeSent()], ["closed", ["pong 2", "terminate"]]);
});

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionResetError, ProtocolError } from "../../src/errors.ts";
import { CLOSE_TIMEOUT_MS } from "../../src/link/link.ts";
import { MAX_DATA_BYTES } from "../../src/link/sender.ts";
import { HIGH_WATER_BYTES } from "../../src/runtime/limits.ts";
import { test } from "../harness.ts";
import { HALF_WINDOW_BYTES, NEXT_ID } from "./fake_link_host.ts";
import { FIRST_ID, LinkRig, PEER_WINDOW } from "./link_rig.ts";
import { rows } from "./rows.ts";
import { fin, hold, peer, peerData, peerIdle, type Step, take, takeEarly, write } from "./steps.ts";

async function rigAfter(...steps: Step[]): Promise<LinkRig> {
  const rig = new LinkRig("client");
  for (const step of steps) await step(rig);
  return rig;
}

for (const role of ["client", "server"] as const) {
  const foreignIdle = role === "client" ? "idle" : `idle ${NEXT_ID}`;
  const nonsense = [
    "",
    "nonsense",
    "take ",
    "TAKE",
    "ok 1",
    "credit",
    "credit -1",
    "open =",
    "stop 4",
    "{}",
    foreignIdle,
  ];

  test(`a link of the ${role} is closed by any text that is no message to it, in every row`, async () => {
    for (const row of rows.filter(({ state }) => state !== "closing")) {
      for (const text of nonsense) {
        const rig = new LinkRig(role);
        for (const step of row.steps) await step(rig);
        rig.takeSent();
        rig.receive(text);
        assertEquals(rig.takeSent(), ["close 1002"], `"${text}" in ${row.state} (${row.how})`);
        rig.receive(text);
        assertEquals(rig.takeSent(), [], `"${text}" again`);
      }
    }
  });

  test(`a link of the ${role} is closed by data of more than 64 KiB, in every row`, async () => {
    for (const row of rows.filter(({ state }) => state !== "closing")) {
      const rig = new LinkRig(role, { windowBytes: 200_000, maxWindowBytes: 200_000 });
      for (const step of row.steps) await step(rig);
      rig.takeSent();
      rig.receiveData(MAX_DATA_BYTES + 1);
      assertEquals(rig.takeSent(), ["close 1002"], `in ${row.state} (${row.how})`);
    }
  });
}

test("a link of the server is closed by a second take that crosses its own", async () => {
  const rig = new LinkRig("server");
  await take("take")(rig);
  rig.receive("take", "open");
  assertEquals(rig.takeSent(), ["take", "close 1002"]);
});

test("a link of the server ignores a crossing take again for its next take", async () => {
  const rig = new LinkRig("server");
  await take("open")(rig);
  rig.receive("take", "no");
  await take("open")(rig);
  rig.receive("take", "ok");
  assertEquals(rig.takeSent(), ["open", "open"]);
  assertEquals(rig.row, "open/open");
});

test("a link drops its socket when the peer does not answer its close within a second", async () => {
  const rig = await rigAfter();
  rig.link.close(1000, "retired");
  const { clock } = rig.host;
  await clock.advance(CLOSE_TIMEOUT_MS - 1);
  assertEquals([rig.link.state, rig.takeSent()], ["closing", ["close 1000"]]);
  await clock.advance(1);
  assertEquals([rig.link.state, rig.takeSent()], ["closed", ["terminate"]]);
  assertEquals(rig.link.end, { code: 1000, reason: "retired", local: true, from: "idle" });
});

test("a link leaves no timer behind when the peer answers its close", async () => {
  const rig = await rigAfter();
  rig.link.close(1000, "retired");
  rig.socket.end(1000);
  await rig.link.closed;
  assertEquals(rig.host.clock.pending, 0);
});

// Early data.

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

// Streams.

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

test("a link gives metadata with its open, and the peer's to the stream", async () => {
  const rig = await rigAfter();
  rig.take("open", { metadata: Uint8Array.of(1, 2, 3) });
  assertEquals(rig.takeSent(), ["open AQID"]);
  const other = await rigAfter(peer("open AQID"));
  assertEquals([...other.stream!.metadata], [1, 2, 3]);
  const plain = await rigAfter(peer("take"));
  assertEquals([...plain.stream!.metadata], []);
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
  const [read, wrote] = ["the peer gave its direction up", "the peer does not want more"];
  assertEquals(texts, [
    [`Cannot read connection ${FIRST_ID}: ${read}, code 1 (out of paper)`, 1, "out of paper"],
    [`Cannot write connection ${FIRST_ID}: ${wrote}, code 2 (never fetched)`, 2, "never fetched"],
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

test("a link ends its stream with code 3 when the pool closes", async () => {
  const rig = await rigAfter(...hold);
  rig.takeSent();
  rig.link.abort(new Error("the pool is closed"));
  assertEquals(rig.takeSent(), ["reset 3 pool closed", "stop 3 pool closed", "close 1001"]);
});

test("a link ends what has not ended when the pool closes", async () => {
  const rig = await rigAfter(...hold, fin);
  rig.takeSent();
  rig.link.abort(new Error("the pool is closed"));
  assertEquals(rig.takeSent(), ["stop 3 pool closed", "close 1001"]);
  const afterFin = await rigAfter(...hold, peer("fin"));
  afterFin.takeSent();
  afterFin.link.abort(new Error("the pool is closed"));
  assertEquals(afterFin.takeSent(), ["reset 3 pool closed", "close 1001"]);
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

// Liveness.

test("a link is pinged after its keep-alive period of silence, and dropped when nothing comes for the timeout", async () => {
  const rig = await rigAfter();
  const { clock } = rig.host;
  await clock.advance(29_999);
  rig.link.sweep(clock.now());
  assertEquals(rig.takeSent(), []);
  await clock.advance(1);
  rig.link.sweep(clock.now());
  assertEquals(rig.takeSent(), ["ping 1"]);
  await clock.advance(9_999);
  rig.link.sweep(clock.now());
  assertEquals(rig.takeSent(), [], "one ping at a time");
  await clock.advance(1);
  rig.link.sweep(clock.now());
  assertEquals([rig.link.state, rig.takeSent()], ["closed", ["terminate"]]);
});

test("a link that is heard lives on, whatever it is that is heard", async () => {
  const rig = await rigAfter(...hold);
  const { clock } = rig.host;
  for (const message of ["credit 1", "pong 9", "ping 1"]) {
    await clock.advance(29_999);
    rig.receive(message);
    rig.link.sweep(clock.now());
  }
  rig.receiveData(1);
  await clock.advance(29_999);
  rig.link.sweep(clock.now());
  assertEquals(rig.takeSent(), ["take", "pong 1"]);
});

test("a link is pinged again after the pong", async () => {
  const rig = await rigAfter();
  const { clock } = rig.host;
  for (const number of [1, 2]) {
    await clock.advance(30_000);
    rig.link.sweep(clock.now());
    assertEquals(rig.takeSent(), [`ping ${number}`]);
    rig.receive(`pong ${number}`);
  }
});

test("a link is neither pinged nor dropped for silence when keep-alive is off", async () => {
  const rig = new LinkRig("client", { keepAliveMs: 0 });
  await rig.host.clock.advance(1e9);
  rig.link.sweep(rig.host.clock.now());
  assertEquals([rig.link.state, rig.takeSent()], ["idle", []]);
});

// The window.

test("a link's window grows while it limits a stream, and is the hello's again at the next", async () => {
  const rig = new LinkRig("client", { maxWindowBytes: 4 * HALF_WINDOW_BYTES });
  const { clock } = rig.host;
  const consume = () => {
    rig.receiveData(HALF_WINDOW_BYTES);
    rig.application!.read();
    return rig.takeSent();
  };
  rig.take("take");
  rig.receive("ok");
  rig.takeSent();
  assertEquals(consume(), ["credit 6144", "ping 1"], "the round trip is measured for a window that may grow");
  await clock.advance(100);
  rig.receive("pong 1");
  assertEquals(consume(), ["credit 8192"]);
  assertEquals(consume(), ["credit 14336"], "a whole window within two round trips");
  rig.receive("fin");
  rig.application!.end();
  rig.receiveIdle();
  rig.reserve("take");
  rig.fetch();
  rig.takeSent();
  // What was granted stays granted: 6,144 are consumed, and 14,336 allowed.
  for (const sent of [[], [], ["credit 16384", "ping 2"], ["credit 18432"]]) {
    await clock.advance(500);
    assertEquals(consume(), sent);
  }
});

test("an idle link tells its pool of every proof of life, and one that is taken of none", async () => {
  const rig = await rigAfter();
  for (const text of ["ping 1", "credit 5000", "pong 7"]) rig.receive(text);
  assertEquals(rig.host.proofs, 3);
  rig.receive("take");
  rig.receive("ping 2");
  assertEquals(rig.host.proofs, 4, "the take itself came while it was idle");
});

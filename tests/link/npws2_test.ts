import { assertEquals } from "@std/assert";
import { MAX_DATA_BYTES } from "../../src/link/control.ts";
import { CLOSE_TIMEOUT_MS } from "../../src/link/link.ts";
import { test } from "../harness.ts";
import { HALF_WINDOW_BYTES, NEXT_ID } from "./fake_link_host.ts";
import { LinkRig } from "./link_rig.ts";
import { rows } from "./rows.ts";
import { hold, rigAfter, take } from "./steps.ts";

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

for (const message of ["credit 0", "pong 7", "ping 1"]) {
  test(`a link takes 2,000 messages of ${message} between two sweeps, and is dropped at one more`, async () => {
    const rig = await rigAfter();
    for (const _ of [1, 2]) {
      for (let count = 0; count < 2_000; count++) rig.receive(message);
      assertEquals(rig.link.state, "idle");
      rig.link.sweep(rig.host.clock.now());
    }
    for (let count = 0; count < 2_001; count++) rig.receive(message);
    assertEquals([rig.link.state, rig.takeSent().slice(-2)], ["closed", ["close 1008", "terminate"]]);
  });
}

test("a link takes any number of messages that grant credit", async () => {
  const rig = await rigAfter();
  for (let count = 0; count < 5_000; count++) rig.receive(`credit ${10_000 + count}`);
  assertEquals(rig.link.state, "idle");
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
  // Granted credit is never revoked: 6,144 bytes are consumed, and 14,336 granted.
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

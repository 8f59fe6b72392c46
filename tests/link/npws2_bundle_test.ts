import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { returnBuffer, withRoom } from "../../src/link/gather_buffers.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { HIGH_WATER_BYTES } from "../../src/runtime/limits.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";
import { bundleOf, MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES } from "./bundle_bytes.ts";
import { NEXT_ID } from "./fake_link_host.ts";
import { nonsense } from "./fuzz_messages.ts";
import { type LegalChoice, legalChoice, legalMessage } from "./legal_message.ts";
import { LinkRig } from "./link_rig.ts";
import { rows } from "./rows.ts";
import { hold, type Step } from "./steps.ts";

const roles: readonly Role[] = ["client", "server"];

/** A link to a peer with bundles, after these steps; everything that it had to send has been sent. */
async function rigAfter(role: Role, ...steps: readonly Step[]): Promise<LinkRig> {
  const rig = new LinkRig(role, undefined, { bundles: true });
  for (const step of steps) await step(rig);
  await rig.turn();
  rig.takeSent();
  rig.takeTold();
  return rig;
}

/** A link with a stream, and more credit than any test uses. */
async function holdingRig(): Promise<LinkRig> {
  const rig = await rigAfter("client", ...hold);
  rig.receive("credit 1000000");
  return rig;
}

/** What is sent in this turn. */
async function leaving(rig: LinkRig): Promise<string[]> {
  await rig.turn();
  return rig.takeSent();
}

/** Data in which each byte shows its position. */
const counted = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251);

// What is sent.

for (const role of roles) {
  const idle = role === "client" ? "idle" : `idle ${NEXT_ID}`;

  test(`a link of the ${role} sends a take, early data and their end as one message`, async () => {
    const rig = await rigAfter(role);
    rig.take("open", { early: true });
    rig.application!.write(new Uint8Array(100));
    assertEquals(rig.takeSent(), [], "the turn is not over");
    rig.application!.end();
    assertEquals(rig.takeSent(), ["[open, data 100, fin]"], "who ends may leave the process");
    assertEquals(await leaving(rig), []);
  });

  test(`a link of the ${role} sends the last data, the end and idle as one message`, async () => {
    const rig = await rigAfter(role, ...hold);
    rig.receive("fin");
    rig.application!.write(new Uint8Array(100));
    await rig.application!.end();
    assertEquals(rig.takeSent(), [`[data 100, fin, ${idle}]`]);
    assertEquals(await leaving(rig), []);
  });

  test(`a link of the ${role} answers all that comes in one bundle with one message`, async () => {
    const rig = await rigAfter(role);
    rig.receiveBundle("open", 2_048, "ping 7", "fin");
    rig.fetch();
    rig.application!.read();
    rig.application!.end();
    assertEquals(await leaving(rig), [`[ok, pong 7, credit 6144, fin, ${idle}]`]);
  });
}

test("a link sends a text that is alone in its turn as it is, and data that is alone in a bundle", async () => {
  const rig = await rigAfter("client");
  rig.take("take");
  assertEquals(await leaving(rig), ["take"]);
  rig.receive("ok");
  rig.application!.write(new Uint8Array(5));
  assertEquals(await leaving(rig), ["[data 5]"]);
  rig.application!.end();
  assertEquals(await leaving(rig), ["fin"]);
});

test("a link whose peer takes no bundles sends each message by itself and at once, and takes each for what it is", async () => {
  const rig = new LinkRig("client");
  rig.take("open", { early: true });
  assertEquals(rig.takeSent(), ["open"]);
  rig.application!.write(new Uint8Array(100));
  rig.application!.end();
  assertEquals(await leaving(rig), ["data 100", "fin"]);
  rig.receive("ok");
  rig.socket.receive(bundleOf("fin", "idle 0000000b"));
  assertEquals([rig.row, rig.stream!.unreadBytes], ["ended/open", 5 + 15]);
});

test("a link keeps the order of what goes in bundles and data that is too long for one", async () => {
  const rig = await holdingRig();
  const content = counted(60_000);
  let at = 0;
  const send = (length: number) => rig.link.sendData(content.subarray(at, at += length));
  send(10);
  send(16_384);
  assertEquals(rig.takeSent(), ["[data 10]", "data 16384"], "before the turn is over");
  rig.link.sendStop(1, "");
  send(20);
  send(20_000);
  send(20_001);
  send(30);
  rig.link.sendFin();
  const rest = ["[stop 1, data 20]", "data 20000", "data 20001", "[data 30, fin]"];
  assertEquals(await leaving(rig), rest);
  assertEquals(Uint8Array.from(rig.socket.sentBytes), content.subarray(0, at));
});

test("a link sends data of 16,382 and 16,383 bytes, too short to go as it is and too long for a bundle, in two", async () => {
  for (const isFirst of [true, false]) {
    const before = isFirst ? [] : ["[data 1]"];
    const forms: [number, string[]][] = [
      [MAX_BUNDLED_BYTES, ["[data 16381]"]],
      [16_382, ["[data 16381]", "[data 1]"]],
      [16_383, ["[data 16381]", "[data 2]"]],
      [16_384, ["data 16384"]],
    ];
    for (const [length, form] of forms) {
      const rig = await holdingRig();
      if (!isFirst) rig.link.sendData(Uint8Array.of(0xff));
      rig.link.sendData(counted(length));
      assertEquals(await leaving(rig), [...before, ...form]);
      const expected = isFirst ? counted(length) : Uint8Array.of(0xff, ...counted(length));
      assertEquals(Uint8Array.from(rig.socket.sentBytes), expected);
    }
  }
});

test("a link puts behind data that it had to part what follows in the turn", async () => {
  const rig = await holdingRig();
  rig.link.sendData(counted(16_383));
  rig.link.sendFin();
  assertEquals(await leaving(rig), ["[data 16381]", "[data 2, fin]"]);
});

test("a link sends a bundle at once when the next message finds no room in it", async () => {
  const rig = await holdingRig();
  for (let count = 0; count < 4; count++) rig.link.sendData(counted(5_000));
  assertEquals(rig.takeSent(), ["[data 5000, data 5000, data 5000]"]);
  rig.link.sendFin();
  assertEquals(await leaving(rig), ["[data 5000, fin]"]);
});

test("a link sends a text as it is when data behind it finds no room", async () => {
  const rig = await holdingRig();
  rig.link.sendStop(1, "");
  rig.link.sendData(counted(MAX_BUNDLED_BYTES));
  assertEquals(await leaving(rig), ["stop 1", "[data 16381]"]);
});

// The end of the link.

test("a link sends what it has said before its close", async () => {
  const rig = await rigAfter("client", ...hold);
  rig.link.abort(new Error("the pool closes"));
  rig.receiveBundle("reset 3", "idle 0000000c");
  assertEquals(rig.takeSent(), ["[reset 3 pool closed, stop 3 pool closed]", "close 1001"]);
  assertEquals(await leaving(rig), []);
});

test("a link that retires sends its last data and end, and closes when the peer has got them", async () => {
  const rig = await rigAfter("client", ...hold);
  rig.host.isRetiring = true;
  rig.receive("fin");
  rig.application!.write(new Uint8Array(10));
  rig.application!.end();
  assertEquals(await leaving(rig), ["[data 10, fin, ping 9007199254740991]"]);
  rig.receive("pong 1");
  assertEquals(await leaving(rig), []);
  rig.receive("pong 9007199254740991");
  assertEquals(await leaving(rig), ["close 1000"]);
});

test("a link sends nothing of its turn when its socket is dropped or lost before the turn is over", async () => {
  const ends: [(rig: LinkRig) => void, string[]][] = [
    [(rig) => rig.link.terminate(), ["terminate"]],
    [(rig) => rig.socket.end(1006), []],
    [(rig) => rig.socket.end(1000), []],
  ];
  for (const [end, sent] of ends) {
    const rig = await holdingRig();
    rig.link.sendData(counted(5));
    rig.link.sendReset(1, "");
    end(rig);
    rig.link.sendStop(1, "");
    assertEquals([rig.link.state, await leaving(rig)], ["closed", sent]);
    rig.link.close(1000, "again");
    assertEquals(await leaving(rig), []);
  }
});

test("a link says nothing more when it finds the socket lost as the turn ends", async () => {
  const rig = await holdingRig();
  rig.application!.write(counted(5));
  rig.socket.isBroken = true;
  assertEquals([await leaving(rig), rig.link.state], [["terminate"], "closed"]);
  assertEquals(rig.takeTold(), ["write failed: ConnectionLostError 1006", "read failed: ConnectionLostError 1006"]);
});

test("a link that finds the socket lost as it closes is closed", async () => {
  const rig = await rigAfter("client");
  rig.link.sweep(rig.host.clock.now() + 30_000);
  rig.socket.isBroken = true;
  rig.link.close(1000, "retired");
  assertEquals([rig.takeSent(), rig.link.state, rig.host.clock.pending], [["terminate"], "closed", 1]);
  await rig.turn();
  assertEquals(rig.host.clock.pending, 0);
});

test("a link gives the memory of a bundle back when it has left, and when it never leaves", async () => {
  const ends: ((rig: LinkRig) => void)[] = [
    () => {},
    (rig) => rig.link.terminate(),
    (rig) => rig.socket.end(1006),
    (rig) => rig.link.abort(new Error("the pool closes")),
  ];
  for (const end of ends) {
    const rig = await holdingRig();
    const free = withRoom(undefined, 0, 1);
    returnBuffer(free);
    rig.link.sendData(counted(5));
    const other = withRoom(undefined, 0, 1);
    assertNotStrictEquals(other, free, "it is in use");
    end(rig);
    await rig.turn();
    assertStrictEquals(withRoom(undefined, 0, 1), free);
    for (const buffer of [other, free]) returnBuffer(buffer);
  }
});

// What is received.

/** Everything observable about a link. */
function lookAt(rig: LinkRig) {
  const { link, host, conduct, stream } = rig;
  return {
    row: rig.row,
    id: link.id,
    end: link.end,
    streams: link.streams,
    sendable: link.sendable(),
    unread: stream?.unreadBytes,
    metadata: stream?.metadata,
    told: host.told,
    changes: host.changes,
    traffic: host.traffic,
    timers: host.clock.pending,
    faults: conduct.faults,
  };
}

/** Splits messages into bundles: one more than there are cuts. */
function bundlesOf(messages: readonly Message[], cuts: readonly number[]): Uint8Array<ArrayBuffer>[] {
  const bounds = [...cuts.map((cut) => cut % (messages.length + 1)), messages.length].toSorted((a, b) => a - b);
  return bounds.map((bound, index) => bundleOf(...messages.slice(bounds[index - 1] ?? 0, bound)));
}

for (const role of roles) {
  test(`a link of the ${role} does with a bundle what it does with its messages one by one`, async () => {
    const short = nonsense.filter((message) => message.length > 0 && message.length < 3_000);
    const choices = fc.array(
      fc.oneof({ weight: 30, arbitrary: legalChoice as fc.Arbitrary<LegalChoice | Message> }, short),
      { minLength: 1, maxLength: 12 },
    );
    const property = fc.asyncProperty(
      fc.constantFrom(...rows),
      choices,
      fc.array(fc.nat(), { maxLength: 2 }),
      async ({ steps }, choices, cuts) => {
        const [single, bundled] = [await rigAfter(role, ...steps), await rigAfter(role, ...steps)];
        const messages: Message[] = [];
        for (const choice of choices) {
          const isMessage = typeof choice === "string" || choice instanceof Uint8Array;
          const message = isMessage ? choice : legalMessage(role, single.row, choice);
          if (message === undefined) break;
          messages.push(message);
          single.socket.receive(typeof message === "string" ? message : bundleOf(message));
          await single.turn();
        }
        for (const bundle of bundlesOf(messages, cuts)) bundled.socket.receive(bundle);
        await bundled.turn();
        assertEquals(lookAt(bundled), lookAt(single));
        assertEquals(bundled.conduct.faults, []);
        assertEquals(bundled.takeMessages(), single.takeMessages());
      },
    );
    await fc.assert(property, { seed: 1, numRuns: 1_500 });
  });
}

test("a link takes data of more than 16,383 bytes for what it is, and a text too", async () => {
  const limits = { windowBytes: 100_000, maxWindowBytes: 100_000 };
  const rig = new LinkRig("client", limits, { bundles: true });
  for (const step of hold) await step(rig);
  rig.socket.receive(new Uint8Array(MAX_BUNDLE_BYTES + 1));
  rig.socket.receive(bundleOf(new Uint8Array(MAX_BUNDLED_BYTES)));
  rig.receive("fin");
  assertEquals([rig.row, rig.stream!.unreadBytes], ["open/ended", MAX_BUNDLE_BYTES + 1 + MAX_BUNDLED_BYTES]);
});

test("an idle link tells its pool of a proof of life for a bundle", async () => {
  const rig = await rigAfter("client");
  rig.receiveBundle("ping 1", "ping 2");
  assertEquals(rig.host.proofs, 1);
});

test("a link does nothing for a bundle of nothing", async () => {
  const rig = await rigAfter("client", ...hold);
  rig.socket.receive(new Uint8Array());
  assertEquals([rig.row, await leaving(rig)], ["open/open", []]);
});

test("a link ignores what stands behind a violation in a bundle", async () => {
  const rig = await rigAfter("server");
  rig.receiveBundle("ping 1", "nonsense", "ping 2", "take", 10, "want 3", "nonsense");
  assertEquals(await leaving(rig), ["pong 1", "close 1002"]);
  assertEquals([rig.link.state, rig.takeTold(), rig.host.traffic.bytesRead], ["closing", [], 0]);
});

test("a link ignores what stands in a bundle behind the message for which it has closed itself", async () => {
  const rig = await rigAfter("client", ...hold);
  rig.host.isRetiring = true;
  rig.application!.end();
  await leaving(rig);
  rig.receiveBundle("fin", "idle 0000000b", "ping 2", "take");
  assertEquals(await leaving(rig), ["ping 9007199254740991", "close 1000"]);
  assertEquals([rig.link.state, rig.takeTold()], ["closing", ["readable"]]);
});

test("a link ignores the rest of a bundle, whatever it is, when its socket was lost meanwhile", async () => {
  const rig = await rigAfter("client");
  rig.host.wanted = () => rig.link.terminate();
  rig.socket.receive(Uint8Array.of(...bundleOf("want 3", "open"), 0x80));
  assertEquals([rig.link.state, await leaving(rig), rig.takeTold()], ["closed", ["terminate"], []]);
});

test("a link is closed by a bundle that cannot be read, behind what could be", async () => {
  for (const rest of [[0x80], [0x00, 0x00], [0x80, 0x00], [0x80, 0x01, 0xff], [0x00, 0x02, 1]]) {
    const rig = await rigAfter("client", ...hold);
    rig.socket.receive(Uint8Array.of(...bundleOf("ping 3", new Uint8Array(7)), ...rest));
    assertEquals(await leaving(rig), ["pong 3", "close 1002"], `${rest}`);
    assertEquals([rig.link.state, rig.host.traffic.bytesRead], ["closing", 7]);
    assertEquals(rig.takeTold(), ["readable", "write failed: ProtocolError", "read failed: ProtocolError"]);
  }
});

test("a link is closed by data in a bundle beyond the granted credit", async () => {
  for (const behind of [4_096, 1]) {
    const rig = await rigAfter("client", ...hold);
    rig.receiveBundle(4_096 - behind + 1, "ping 1", behind, "ping 2");
    assertEquals(await leaving(rig), ["pong 1", "close 1008"], `${behind}`);
  }
});

test("a link is dropped when its peer asks for ever more pongs in bundles and reads none", async () => {
  const rig = await rigAfter("client");
  const asked = bundleOf(...Array.from({ length: 1_500 }, (_, number) => `ping ${number}`));
  assert(asked.length <= MAX_BUNDLE_BYTES);
  rig.socket.hasRoom = false;
  const limit = 2 * HIGH_WATER_BYTES;
  for (let rounds = 0; rig.link.state !== "closed"; rounds++) {
    assert(rounds * asked.length < limit + 2 * MAX_BUNDLE_BYTES, `${rig.socket.bufferedBytes} bytes wait`);
    rig.link.sweep(rig.host.clock.now()); // keeps the pings within their rate limit
    rig.socket.receive(asked);
    rig.socket.bufferedBytes += asked.length; // the answers are as long as the questions
    await rig.turn();
  }
  assert(rig.socket.bufferedBytes > limit, `dropped with ${rig.socket.bufferedBytes} bytes`);
  assertEquals(rig.takeSent().at(-1), "terminate");
});

import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { Reservations } from "../../src/dispatch/reservations.ts";
import type { ReservedLink } from "../../src/link/link.ts";
import { Stream } from "../../src/link/stream.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";
import { LinkRig } from "../link/link_rig.ts";

/** A link with a reserved stream; it only records whether that was given up. */
class FakeReservedLink implements ReservedLink {
  readonly protocol = 2;
  readonly peer = undefined;
  readonly socket = new LinkRig("client").socket;
  readonly id: string;
  isGivenUp = false;

  constructor(id: string) {
    this.id = id;
  }

  fetched(): void {}

  neverFetched(): void {
    this.isGivenUp = true;
  }

  abort(): void {}

  adopt(): void {}
}

/** How many bytes closed links may leave unread. */
const MAX_LEFT_BYTES = 10_000;

/** How many streams they may leave. */
const MAX_LEFT_STREAMS = 1_000;

function setUp() {
  const clock = new ManualClock();
  const reservations = new Reservations(clock, MAX_LEFT_BYTES);
  const newStream = (id: string) => ({
    link: new FakeReservedLink(id),
    stream: new Stream(new LinkRig("client").link, new TurnBatch(clock)),
  });
  const reserve = (id: string, kind: "take" | "open") => {
    const { link, stream } = newStream(id);
    reservations.add(link, stream, kind);
    return { link, stream };
  };
  let next = 0x1000_0000;
  /** Closes a link with this many unread bytes. `isKept` says whether they are kept. */
  const leave = (bytes: number) => {
    const { link, stream } = newStream((next++).toString(16));
    if (bytes > 0) stream.receive(new Uint8Array(bytes));
    return { link, stream, isKept: reservations.leave(link, stream) };
  };
  return { clock, reservations, reserve, leave };
}

test("Reservations.fetch() hands out the stream with the id, once", () => {
  const { reservations, reserve } = setUp();
  const { link, stream } = reserve("0000000a", "take");
  reserve("0000000b", "take");
  assert(reservations.has("0000000a"));
  const fetched = reservations.fetch("0000000a");
  assertStrictEquals(fetched?.link, link);
  assertStrictEquals(fetched?.stream, stream);
  assertEquals([fetched?.id, fetched?.kind], ["0000000a", "take"]);
  assertFalse(reservations.has("0000000a"));
  assertEquals(reservations.fetch("0000000a"), undefined);
  assertEquals(reservations.fetch("0000000c"), undefined);
});

test("Reservations.accept() hands out what was opened, in the order of arrival", () => {
  const { reservations, reserve } = setUp();
  reserve("0000000f", "take");
  const ids = ["0000000c", "0000000a", "0000000b"];
  for (const id of ids) reserve(id, "open");
  assertEquals(reservations.queued, 3);
  assertEquals(ids.map(() => reservations.accept()?.id), ids);
  assertEquals([reservations.accept(), reservations.queued], [undefined, 0]);
});

test("Reservations keeps what was opened apart from what is fetched by id", () => {
  const { reservations, reserve } = setUp();
  reserve("0000000a", "open");
  assertFalse(reservations.has("0000000a"));
  assertEquals(reservations.fetch("0000000a"), undefined);
  reserve("0000000b", "take");
  assertEquals(reservations.accept()?.id, "0000000a");
  assertEquals(reservations.accept(), undefined);
});

test("Reservations gives up what nobody fetched for 30 seconds, each on its own", async () => {
  const { clock, reservations, reserve } = setUp();
  const first = reserve("0000000a", "take").link;
  await clock.advance(10_000);
  const second = reserve("0000000b", "open").link;
  await clock.advance(19_999);
  assertEquals([first.isGivenUp, reservations.has("0000000a")], [false, true]);
  await clock.advance(1);
  assertEquals([first.isGivenUp, reservations.has("0000000a")], [true, false]);
  assertEquals([second.isGivenUp, reservations.queued], [false, 1]);
  await clock.advance(10_000);
  assertEquals([second.isGivenUp, reservations.queued, clock.pending], [true, 0, 0]);
});

test("Reservations gives up nothing that was handed out or forgotten", async () => {
  const { clock, reservations, reserve } = setUp();
  const links = [reserve("0000000a", "take"), reserve("0000000b", "open"), reserve("0000000c", "open")].map((r) =>
    r.link
  );
  reservations.fetch("0000000a");
  reservations.accept();
  reservations.forget(links[2]);
  assertEquals(reservations.queued, 0);
  await clock.advance(60_000);
  assertEquals(links.map((link) => link.isGivenUp), [false, false, false]);
});

test("Reservations.forget() ignores a link whose stream does not wait", () => {
  const { reservations } = setUp();
  reservations.forget(new FakeReservedLink("0000000a"));
});

test("Reservations hands out the newer of two streams with one id, and gives up both in their time", async () => {
  const { clock, reservations, reserve } = setUp();
  const older = reserve("0000000a", "take").link;
  await clock.advance(1_000);
  const newer = reserve("0000000a", "take").link;
  await clock.advance(29_000);
  assertEquals([older.isGivenUp, newer.isGivenUp], [true, false]);
  assertStrictEquals(reservations.fetch("0000000a")?.link, newer);
});

test("Reservations.clear() returns no link whose stream was handed out or forgotten", () => {
  const { reservations, reserve } = setUp();
  reserve("0000000a", "take");
  reserve("0000000b", "open");
  const forgotten = reserve("0000000c", "open").link;
  reservations.fetch("0000000a");
  reservations.accept();
  reservations.forget(forgotten);
  assertEquals(reservations.clear(), []);
});

test("Reservations.clear() forgets all and returns their links", async () => {
  const { clock, reservations, reserve } = setUp();
  const links = [reserve("0000000a", "take").link, reserve("0000000b", "open").link];
  assertEquals(reservations.clear(), links);
  assertEquals([reservations.queued, reservations.has("0000000a"), clock.pending], [0, false, 0]);
  assertEquals(reservations.clear(), []);
  await clock.advance(60_000);
  assertEquals(links.map((link) => link.isGivenUp), [false, false]);
});

test("Reservations.leave() keeps as many bytes of closed links as are allowed, and more when some are gone", async () => {
  const { clock, reservations, leave } = setUp();
  const kept = leave(6_000);
  assertEquals([kept.isKept, leave(4_001).isKept, leave(4_000).isKept, leave(1).isKept], [true, false, true, false]);
  assertStrictEquals(reservations.fetch(kept.link.id)?.stream, kept.stream);
  assertEquals([leave(6_001).isKept, leave(6_000).isKept], [false, true]);
  await clock.advance(30_000);
  assertEquals([leave(10_000).isKept, leave(1).isKept], [true, false]);
  reservations.clear();
  assertEquals(leave(10_000).isKept, true);
  reservations.clear();
});

test("Reservations.leave() keeps a limited number of streams, however few bytes they have", async () => {
  const { clock, reservations, leave } = setUp();
  const first = leave(0);
  for (let count = 1; count < MAX_LEFT_STREAMS; count++) assert(leave(0).isKept);
  assertFalse(leave(0).isKept);
  reservations.forget(first.link);
  assertEquals([leave(1).isKept, leave(0).isKept], [true, false]);
  await clock.advance(30_000);
  assert(leave(0).isKept);
  reservations.clear();
});

test("Reservations.leave() counts a stream that is here once, and leaves it in its place", () => {
  const { reservations, reserve, leave } = setUp();
  const opened = reserve("0000000a", "open");
  const taken = reserve("0000000b", "take");
  for (const { link, stream } of [opened, opened, taken, taken]) {
    if (stream.unreadBytes === 0) stream.receive(new Uint8Array(5_000));
    assert(reservations.leave(link, stream));
  }
  assertFalse(leave(1).isKept);
  assertEquals([reservations.accept()?.id, reservations.accept()], ["0000000a", undefined]);
  assertEquals([leave(5_000).isKept, leave(1).isKept], [true, false]);
  assertEquals(reservations.fetch("0000000b")?.id, "0000000b");
  reservations.clear();
});

test("Reservations.unfetched counts open links that were taken to be fetched by id, with whatever ids", async () => {
  const { clock, reservations, reserve, leave } = setUp();
  const first = reserve("0000000a", "take");
  const second = reserve("0000000a", "take");
  reserve("0000000b", "open");
  reserve("0000000c", "take");
  assertEquals(reservations.unfetched, 3);
  reservations.fetch("0000000c");
  reservations.leave(first.link, first.stream);
  leave(1);
  assertEquals(reservations.unfetched, 1);
  reservations.forget(second.link);
  assertEquals(reservations.unfetched, 0);
  reserve("0000000d", "take");
  await clock.advance(30_000);
  assertEquals(reservations.unfetched, 0);
  reserve("0000000e", "take");
  reservations.clear();
  assertEquals(reservations.unfetched, 0);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { EndEvents, HeldEnd } from "../../src/relay/held_end.ts";
import { Joint } from "../../src/relay/joint.ts";
import { CountedSignal } from "../counted_signal.ts";
import { test } from "../harness.ts";

/** An end whose data the test supplies. */
class FakeEnd implements HeldEnd {
  events!: EndEvents;
  readonly ownsLastRead = false;
  hasRoom = true;
  isAtEnd = false;
  readonly unread: Uint8Array[] = [];
  readonly calls: string[] = [];
  isRefusing = false;
  /** Runs in a read that finds nothing. */
  onEmptyRead = () => {};
  /** Runs when the end begins. */
  onBegin = () => {};
  /** Runs when the end is given up. */
  onAbort = (_reason: unknown) => {};

  begin(events: EndEvents): void {
    this.events = events;
    this.onBegin();
  }

  read(): Uint8Array | undefined {
    const bytes = this.unread.shift();
    if (!bytes) this.onEmptyRead();
    return bytes;
  }

  write(bytes: Uint8Array): void {
    assert(this.hasRoom);
    this.calls.push(`write ${bytes.byteLength}`);
  }

  end(ended: () => void): void {
    this.calls.push("end");
    ended();
  }

  failIfPeerClosed(): boolean {
    return this.isRefusing;
  }

  allMoved(): void {
    this.calls.push("all moved");
  }

  abort(reason: unknown): void {
    this.calls.push("abort");
    this.onAbort(reason);
  }

  release(): void {
    this.calls.push("release");
  }

  /** Bytes arrive. */
  receive(...lengths: number[]): void {
    this.unread.push(...lengths.map((length) => new Uint8Array(length)));
    this.events.readable();
  }

  /** The end arrives. */
  receiveEnd(): void {
    this.isAtEnd = true;
    this.events.readable();
  }
}

function joined(a: HeldEnd, b: HeldEnd): Joint {
  const joint = new Joint(a, b);
  joint.begin();
  return joint;
}

test("Joint moves in order what comes while it reads, and the end once", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  a.onEmptyRead = () => {
    a.onEmptyRead = () => {};
    a.receive(2, 3);
    a.receiveEnd();
  };
  const joint = joined(a, b);
  assertEquals([b.calls, a.calls], [["write 2", "write 3", "end"], ["all moved"]]);
  a.events.readable();
  assertEquals(b.calls.length, 3);
  a.events.over();
  b.events.over();
  assertEquals(await Promise.race([joint.over, Promise.resolve("open")]), "open");
  assertEquals([a.calls, b.calls.slice(3)], [["all moved"], []]);
  b.receiveEnd();
  assertEquals([a.calls.slice(1), b.calls.slice(3)], [["end", "release"], ["all moved", "release"]]);
  assertEquals(await joint.over, { aToB: 5, bToA: 0 });
});

test("Joint moves what was there, and the end, when both ends have begun", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  a.onBegin = () => {
    a.receive(1);
    a.receiveEnd();
  };
  b.onBegin = () => b.calls.push("begin");
  joined(a, b);
  assertEquals(b.calls, ["begin", "write 1", "end"]);
});

test("Joint moves bytes, and the end, while there is room", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  joined(a, b);
  b.hasRoom = false;
  a.receive(1, 2);
  a.receiveEnd();
  assertEquals([b.calls, a.unread.length], [[], 2]);
  b.hasRoom = true;
  b.events.writable();
  assertEquals([b.calls, a.calls], [["write 1", "write 2", "end"], ["all moved"]]);
});

test("Joint leaves what a read brings that finds its end broken", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  const joint = joined(a, b);
  const read = a.read.bind(a);
  a.read = () => {
    a.events.failed(new Error("lost"));
    return read();
  };
  a.receive(1);
  assertEquals(b.calls, []);
  await assertRejects(() => joint.over, Error, "lost");
});

test("Joint leaves what comes for an end that refuses it, and tells the other one that no more is moved", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  joined(a, b);
  b.isRefusing = true;
  a.receive(1, 2, 3);
  a.receive(4);
  assertEquals([a.calls, b.calls, a.unread.length], [["all moved"], [], 3]);
});

test("Joint moves nothing after a failure: it gives up and releases both ends, and rejects with it", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  const joint = joined(a, b);
  const reasons: unknown[] = [];
  a.onAbort = b.onAbort = (reason) => {
    reasons.push(reason);
    b.events.failed(new Error("from giving up"));
  };
  const first = new Error("first");
  b.events.failed(first);
  b.events.failed(new Error("second"));
  a.receive(1);
  assertEquals([a.calls, b.calls], [[], []]); // not while the end that failed is in the middle of something
  assert(await assertRejects(() => joint.over) === first);
  assertEquals([a.calls, b.calls, reasons], [["abort", "release"], ["abort", "release"], [first, first]]);
  for (const end of [a, b]) end.events.over();
  assertEquals(a.calls.length, 2);
});

test("Joint fails when an end cannot begin, and begins neither when its signal is aborted", async () => {
  const reason = new Error("no");
  const [a, b, c, d] = Array.from({ length: 4 }, () => new FakeEnd());
  b.onBegin = () => {
    throw reason;
  };
  a.onBegin = c.onBegin = () => a.calls.push("begin");
  assert(await assertRejects(() => joined(a, b).over) === reason);
  assertEquals([a.calls, b.calls], [["begin", "abort", "release"], ["abort", "release"]]);
  const joint = new Joint(c, d, AbortSignal.abort(reason));
  joint.begin();
  assert(await assertRejects(() => joint.over) === reason);
  assertEquals([c.calls, d.calls, a.calls.length], [["abort", "release"], ["abort", "release"], 3]);
});

test("Joint gives up and releases both ends even if one of them cannot be given up", async () => {
  for (const stuck of [0, 1]) {
    const ends = [new FakeEnd(), new FakeEnd()] as const;
    const joint = joined(...ends);
    ends[stuck]!.onAbort = () => {
      throw new Error("stuck");
    };
    ends[0].events.failed(new Error("first"));
    await assertRejects(() => joint.over, Error, "stuck");
    assertEquals(ends.map(({ calls }) => calls), [["abort", "release"], ["abort", "release"]]);
  }
});

test("Joint listens to its signal until it is over, however it ends", async () => {
  const ends: [(end: FakeEnd, signal: CountedSignal) => void, Error | undefined][] = [
    [(_, signal) => signal.abort(new Error("enough")), new Error("enough")],
    [(end) => end.events.failed(new Error("broken")), new Error("broken")],
    [(end) => end.isAtEnd = true, undefined],
  ];
  for (const [endIt, error] of ends) {
    const [a, b, signal] = [new FakeEnd(), new FakeEnd(), new CountedSignal()];
    const joint = new Joint(a, b, signal.signal);
    joint.begin();
    assertEquals(signal.listeners, 1);
    for (const end of [a, b]) endIt(end, signal);
    for (const end of [a, b]) {
      end.events.readable();
      end.events.over();
    }
    assertEquals([signal.added, signal.removed], [1, 1]);
    if (error) await assertRejects(() => joint.over, Error, error.message);
    else await joint.over;
  }
});

test("Joint that has failed leaves its ends until it gives them up, even if its last part ends meanwhile", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  const joint = joined(a, b);
  for (const end of [a, b]) end.receiveEnd();
  a.events.failed(new Error("broken"));
  for (const end of [a, b]) end.events.over();
  assertEquals([a.calls, b.calls].map((calls) => calls.includes("release")), [false, false]);
  await assertRejects(() => joint.over, Error, "broken");
  assertEquals([a.calls, b.calls].map((calls) => calls.slice(-2)), [["abort", "release"], ["abort", "release"]]);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { EndEvents, HeldEnd } from "../../src/relay/held_end.ts";
import { Joint } from "../../src/relay/joint.ts";
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

  abort(): void {}

  release(): void {}

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

test("Joint moves in order what comes while it reads, and the end once", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  a.onEmptyRead = () => {
    a.onEmptyRead = () => {};
    a.receive(2, 3);
    a.receiveEnd();
  };
  const joint = new Joint(a, b);
  assertEquals([b.calls, a.calls], [["write 2", "write 3", "end"], ["all moved"]]);
  a.events.readable();
  assertEquals(b.calls.length, 3);
  a.events.over();
  b.events.over();
  assertEquals(await Promise.race([joint.over, Promise.resolve("open")]), "open");
  b.receiveEnd();
  await joint.over;
  assertEquals([joint.aToB, joint.bToA], [5, 0]);
});

test("Joint moves what was there, and the end, when both ends have begun", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  a.onBegin = () => {
    a.receive(1);
    a.receiveEnd();
  };
  b.onBegin = () => b.calls.push("begin");
  new Joint(a, b);
  assertEquals(b.calls, ["begin", "write 1", "end"]);
});

test("Joint moves bytes, and the end, while there is room", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  new Joint(a, b);
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
  const joint = new Joint(a, b);
  const read = a.read.bind(a);
  a.read = () => {
    a.events.failed(new Error("lost"));
    return read();
  };
  a.receive(1);
  assertEquals([b.calls, joint.aToB], [[], 0]);
  await assertRejects(() => joint.over, Error, "lost");
});

test("Joint leaves what comes for an end that refuses it, and tells the other one that no more is moved", () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  new Joint(a, b);
  b.isRefusing = true;
  a.receive(1, 2, 3);
  a.receive(4);
  assertEquals([a.calls, b.calls, a.unread.length], [["all moved"], [], 3]);
});

test("Joint moves nothing after a failure, which it rejects with", async () => {
  const [a, b] = [new FakeEnd(), new FakeEnd()];
  const joint = new Joint(a, b);
  const rejected = assertRejects(() => joint.over, Error, "first");
  b.events.failed(new Error("first"));
  b.events.failed(new Error("second"));
  a.receive(1);
  assertEquals([a.calls, b.calls], [[], []]);
  await rejected;
});

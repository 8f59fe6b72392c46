import { assertEquals } from "@std/assert";
import { SocketEnd } from "../../src/relay/socket_end.ts";
import { test } from "../harness.ts";
import { RecordedEvents } from "./recorded_events.ts";

/** A socket whose reads and writes the test settles. */
class HeldSocket {
  readonly calls: string[] = [];
  readonly written: number[] = [];
  incoming: Uint8Array | null = null;
  nextWrite = Promise.withResolvers<number>();

  read(buffer: Uint8Array): Promise<number | null> {
    if (!this.incoming) return Promise.resolve(null);
    buffer.set(this.incoming);
    return Promise.resolve(this.incoming.byteLength);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written.push(...bytes);
    this.nextWrite = Promise.withResolvers();
    return this.nextWrite.promise;
  }

  closeWrite(): Promise<void> {
    this.calls.push("closeWrite");
    return Promise.resolve();
  }

  close(): void {
    this.calls.push("close");
    if (this.calls.length > 1) throw new Error("closed already");
  }
}

/** An end with a relay that listens to it. */
function begin(socket: HeldSocket): { end: SocketEnd; events: RecordedEvents } {
  const end = new SocketEnd(socket);
  const events = new RecordedEvents();
  end.begin(events);
  return { end, events };
}

test("SocketEnd.read() reads ahead, and hands out memory that later reads leave alone", async () => {
  for (const length of [3, 65_536]) {
    const socket = new HeldSocket();
    const { end, events } = begin(socket);
    const chunks: Uint8Array[] = [];
    for (const value of [1, 2, 3, undefined]) {
      socket.incoming = value === undefined ? null : new Uint8Array(length).fill(value);
      const readable = events.next("readable");
      const chunk = end.read();
      if (chunk) chunks.push(chunk);
      await readable;
    }
    assertEquals(
      chunks.map((chunk) => [chunk.byteLength, chunk[0], chunk.at(-1)]),
      [1, 2, 3].map((value) => [length, value, value]),
    );
    assertEquals([end.read(), end.isAtEnd], [undefined, true]);
  }
});

test("SocketEnd.write() writes what the socket did not take at first, and has no room until it did", async () => {
  const socket = new HeldSocket();
  const { end, events } = begin(socket);
  assertEquals(end.hasRoom, true);
  const writable = events.next("writable");
  end.write(Uint8Array.of(1, 2, 3));
  assertEquals(end.hasRoom, false);
  const first = socket.nextWrite;
  first.resolve(1);
  await first.promise;
  await Promise.resolve();
  assertEquals(end.hasRoom, false);
  socket.nextWrite.resolve(2);
  await writable;
  assertEquals([socket.written, end.hasRoom], [[1, 2, 3, 2, 3], true]);
});

test("SocketEnd fails when a read, a write or the end of writing fails", async () => {
  const error = new Error("broken pipe");
  const breaks: Record<string, (socket: HeldSocket, end: SocketEnd) => void> = {
    read(socket, end) {
      socket.read = () => Promise.reject(error);
      end.read();
    },
    write(socket, end) {
      end.write(Uint8Array.of(1));
      socket.nextWrite.reject(error);
    },
    end(socket, end) {
      socket.closeWrite = () => Promise.reject(error);
      end.end(() => {});
    },
  };
  for (const [how, fail] of Object.entries(breaks)) {
    const socket = new HeldSocket();
    const { end, events } = begin(socket);
    const failed = events.next("failed");
    fail(socket, end);
    await failed;
    assertEquals([events.told, events.error], [["failed"], error], how);
  }
});

test("SocketEnd is over when both directions have ended", async () => {
  for (const isReadFirst of [true, false]) {
    const { end, events } = begin(new HeldSocket());
    const read = events.next("readable");
    if (isReadFirst) {
      end.read();
      await read;
    }
    await new Promise<void>((resolve) => end.end(resolve));
    if (!isReadFirst) {
      end.read();
      await read;
    }
    assertEquals(events.told, ["readable", "over"]);
  }
});

test("SocketEnd.abort() closes the socket, and a second time does no harm", () => {
  const socket = new HeldSocket();
  const end = new SocketEnd(socket);
  end.abort();
  end.release();
  assertEquals(socket.calls, ["close", "close"]);
});

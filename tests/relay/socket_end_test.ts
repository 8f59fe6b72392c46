import { assert, assertEquals, assertRejects } from "@std/assert";
import { SocketEnd } from "../../src/relay/socket_end.ts";
import { test } from "../harness.ts";

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

test("SocketEnd.read() hands out memory that later reads leave alone", async () => {
  const socket = new HeldSocket();
  const end = new SocketEnd(socket);
  for (const length of [3, 65_536]) {
    socket.incoming = new Uint8Array(length).fill(1);
    const first = (await end.read())!;
    socket.incoming = new Uint8Array(length).fill(2);
    await end.read();
    assertEquals([first.byteLength, first[0], first.at(-1)], [length, 1, 1]);
  }
  socket.incoming = null;
  assertEquals(await end.read(), undefined);
});

test("SocketEnd.write() writes what the socket did not take at first, and has no room until it did", async () => {
  const socket = new HeldSocket();
  const end = new SocketEnd(socket);
  assertEquals(end.room(), undefined);
  end.write(Uint8Array.of(1, 2, 3));
  const room = end.room();
  assert(room);
  const first = socket.nextWrite;
  first.resolve(1);
  await first.promise;
  await Promise.resolve();
  socket.nextWrite.resolve(2);
  await room;
  assertEquals([socket.written, end.room()], [[1, 2, 3, 2, 3], undefined]);
});

test("SocketEnd.end() waits for what is written", async () => {
  const socket = new HeldSocket();
  const end = new SocketEnd(socket);
  end.write(Uint8Array.of(1));
  const ended = end.end();
  await new Promise((resolve) => setTimeout(resolve)); // what does not wait has happened then
  assertEquals(socket.calls, []);
  socket.nextWrite.resolve(1);
  await ended;
  assertEquals(socket.calls, ["closeWrite"]);
});

test("SocketEnd.over rejects when a write fails, and resolves when both directions have ended", async () => {
  const broken = new HeldSocket();
  const brokenEnd = new SocketEnd(broken);
  brokenEnd.write(Uint8Array.of(1));
  broken.nextWrite.reject(new Error("broken pipe"));
  await assertRejects(() => brokenEnd.over, Error, "broken pipe");

  const end = new SocketEnd(new HeldSocket());
  await Promise.all([end.read(), end.end(), end.over]);
});

test("SocketEnd.abort() closes the socket, and a second time does no harm", () => {
  const socket = new HeldSocket();
  const end = new SocketEnd(socket);
  end.abort();
  end.release();
  assertEquals(socket.calls, ["close", "close"]);
});

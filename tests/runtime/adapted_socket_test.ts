import { assert, assertEquals } from "@std/assert";
import type { SocketHandler } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";
import { RecordingSocket } from "../link/recording_socket.ts";

/** Records what is reported to it. */
class Listener implements SocketHandler {
  readonly told: string[] = [];

  onMessage(message: Uint8Array | string): void {
    this.told.push(typeof message === "string" ? message : `data ${message.length}`);
  }

  onDrain(): void {}

  onClose(code: number): void {
    this.told.push(`close ${code}`);
  }
}

for (const [what, message] of [["empty texts", ""], ["single bytes", Uint8Array.of(1)]] as const) {
  test(`AdaptedSocket holds a bounded number of ${what} for a handler, and gives the socket up beyond`, async () => {
    const socket = new RecordingSocket();
    let held = 0;
    for (; socket.sent.length === 0 && held < 1_000_000; held++) socket.receive(message);
    assertEquals(socket.sent, ["terminate"]);
    assert(held > 100_000 && held < 140_000, `${held}`);
    const listener = new Listener();
    socket.handler = listener;
    await Promise.resolve();
    assertEquals(listener.told, ["close 1006"]);
  });
}

test("AdaptedSocket does not count what a handler was told of, though some still waits", async () => {
  const socket = new RecordingSocket();
  socket.receive("");
  let told = 0;
  const handler: SocketHandler = {
    onMessage() {
      if (++told % 80_000 === 0) socket.handler = undefined;
    },
    onDrain() {},
    onClose() {},
  };
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 80_000; count++) socket.receive("");
    socket.handler = handler;
    await Promise.resolve();
  }
  assertEquals([told, socket.sent], [320_000, []]);
});

test("AdaptedSocket goes on where a handler left off, and ends with the close", async () => {
  const socket = new RecordingSocket();
  for (const text of ["a", "b", "c"]) socket.receive(text);
  const first = new Listener();
  first.onMessage = (message) => {
    first.told.push(`${message}`);
    socket.handler = undefined;
  };
  socket.handler = first;
  await Promise.resolve();
  socket.receive("d");
  socket.end(1000);
  const second = new Listener();
  socket.handler = second;
  await Promise.resolve();
  assertEquals([first.told, second.told], [["a"], ["b", "c", "d", "close 1000"]]);
});

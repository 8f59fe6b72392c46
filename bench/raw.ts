import { CountingPipe } from "./pipe.ts";
import type { RawRuntime, RawSocket } from "./raw_socket.ts";
import { turn } from "./turn.ts";

/** Like the pool, a sender pauses above the first threshold and resumes below the second. */
const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = 256 * 1024;

/** The baseline: this runtime's WebSockets, of the same kinds that the pool uses, without the pool. */
export const raw: RawRuntime = (await ("Bun" in globalThis ? import("./raw_bun.ts") : import("./raw_deno.ts"))).raw;

/** A raw WebSocket as a pipe, with one frame per chunk. */
export class RawPipe extends CountingPipe {
  readonly #socket: RawSocket;

  constructor(socket: RawSocket) {
    super();
    this.#socket = socket;
    socket.onMessage = (byteLength) => this.received(byteLength);
  }

  send(bytes: Uint8Array): Promise<void> | undefined {
    this.#socket.send(bytes);
    return this.#socket.bufferedBytes < HIGH_WATER_BYTES ? undefined : this.#drained();
  }

  async #drained(): Promise<void> {
    while (this.#socket.bufferedBytes > LOW_WATER_BYTES) await turn();
  }
}

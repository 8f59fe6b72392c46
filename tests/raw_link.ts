import { assertEquals } from "@std/assert";
import type { Socket } from "node:net";
import { closePayload, concat, decodeFrame, encodeFrame, type Frame, Opcode } from "./websocket_frames.ts";

/** How the peer's side of a WebSocket ended, as seen on the wire: 1006 if the TCP connection ended without a close frame. */
export interface RawClose {
  code: number;
  reason: string;
}

/**
 * A WebSocket that a test controls: frames over a TCP socket that reads and answers nothing unless the test asks for it, like a
 * Go peer with a link that is idle in its pool.
 */
export class RawLink {
  /** The id from the first message; set by the code that opens the link. */
  id = "";
  readonly #socket: Socket;
  readonly #sendsMasked: boolean;
  #unread: Uint8Array = new Uint8Array();
  #hasEnded = false;
  /** Wakes the reader that waits for bytes or for the end. */
  #wake: (() => void) | undefined;

  /** Takes over a TCP socket, including any bytes that it has already buffered. */
  constructor(socket: Socket, role: "client" | "server") {
    this.#socket = socket;
    this.#sendsMasked = role === "client";
    socket.setNoDelay(true);
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("error", () => {}); // the close event follows
    for (const event of ["end", "close"]) socket.on(event, () => this.#ended());
  }

  /** The peer's TCP port. */
  get remotePort(): number {
    return this.#socket.remotePort!;
  }

  /** Whether the TCP connection is closed. */
  get isDestroyed(): boolean {
    return this.#socket.destroyed;
  }

  // Writing.

  /** Writes bytes unchanged; resolves when the system has accepted them. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  /** The bytes of a frame, encoded for this role. */
  frame(opcode: number, payload: Uint8Array | string = "", isFinal = true): Uint8Array {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    return encodeFrame({ opcode, payload: bytes, isFinal, isMasked: this.#sendsMasked });
  }

  /** Sends a binary message. */
  send(payload: Uint8Array | string): Promise<void> {
    return this.write(this.frame(Opcode.binary, payload));
  }

  /** Sends a close frame. */
  sendClose(code: number, reason = ""): Promise<void> {
    return this.write(this.frame(Opcode.close, closePayload(code, reason)));
  }

  /** Sends a close frame and then ends the TCP connection without waiting for an answer, as a Go peer does. */
  close(code: number, reason = ""): void {
    this.#socket.end(this.frame(Opcode.close, closePayload(code, reason)));
    this.#socket.resume();
  }

  /** Drops the TCP connection without a close frame. */
  destroy(): void {
    this.#socket.destroy();
  }

  // Reading.

  /** Reads input until `take` finds a complete part; undefined at the end of the connection. */
  async read<T>(take: (unread: Uint8Array) => { value: T; byteLength: number } | undefined): Promise<T | undefined> {
    for (;;) {
      const taken = take(this.#unread);
      if (taken) {
        this.#unread = this.#unread.subarray(taken.byteLength);
        return taken.value;
      }
      if (this.#hasEnded) return undefined;
      await this.#moreInput();
    }
  }

  /**
   * The next frame; undefined at the end of the connection. It must be masked as RFC 6455 section 5.1 requires of its sender.
   */
  async readFrame(): Promise<Frame | undefined> {
    const frame = await this.read((unread) => {
      const decoded = decodeFrame(unread);
      return decoded && { value: decoded.frame, byteLength: decoded.byteLength };
    });
    if (frame) assertEquals(frame.isMasked, !this.#sendsMasked, "a client masks its frames, and a server does not");
    return frame;
  }

  /** The payload of the next message, which must be a single binary frame. */
  async readMessage(): Promise<Uint8Array> {
    const frame = await this.readFrame();
    assertEquals([frame?.opcode, frame?.isFinal], [Opcode.binary, true], "a binary message was expected");
    return frame!.payload;
  }

  /** At least `count` bytes from binary messages. */
  async readBytes(count: number): Promise<Uint8Array> {
    const messages: Uint8Array[] = [];
    for (let got = 0; got < count;) {
      const message = await this.readMessage();
      messages.push(message);
      got += message.length;
    }
    return concat(...messages);
  }

  /** Reads up to the peer's close frame or the end of the connection, and does not answer the close. */
  async readClose(): Promise<RawClose> {
    for (let frame = await this.readFrame(); frame; frame = await this.readFrame()) {
      if (frame.opcode !== Opcode.close) continue;
      const [high, low, ...reason] = frame.payload;
      return { code: high << 8 | low, reason: new TextDecoder().decode(Uint8Array.from(reason)) };
    }
    return { code: 1006, reason: "" };
  }

  /** Reads up to the end of the connection. */
  async readToEnd(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (let frame = await this.readFrame(); frame; frame = await this.readFrame()) frames.push(frame);
    return frames;
  }

  #moreInput(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#socket.resume();
    });
  }

  #received(chunk: Uint8Array): void {
    this.#unread = concat(this.#unread, chunk);
    this.#socket.pause();
    this.#wake?.();
  }

  #ended(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }
}

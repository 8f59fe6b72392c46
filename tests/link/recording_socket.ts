import { AdaptedSocket } from "../../src/runtime/adapted_socket.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { MAX_BUNDLE_BYTES, messagesIn } from "./bundle_bytes.ts";

/** Observes everything that passes through a socket, before anybody else does. */
export interface SocketWatcher {
  sent(message: Uint8Array | string): void;
  received(message: Message): void;
  /** One side has closed the socket, or it is lost. */
  ended(): void;
}

/** A socket without a network: it records what is sent, and the test plays the peer. */
export class RecordingSocket extends AdaptedSocket {
  readonly localAddress = undefined;
  readonly remoteAddress = undefined;
  readonly tls = undefined;
  bufferedBytes = 0;
  readonly canPause = true;
  /**
   * What was sent, in order: texts unchanged, data as `data 5`, the close as `close 1000`, the drop as `terminate`, a bundle as
   * `[take, data 5, fin]`.
   */
  readonly sent: string[] = [];
  /** The bytes of all data. */
  readonly sentBytes: number[] = [];
  /** Whether the peer takes bundles: every binary message that is short enough is then one. */
  takesBundles = false;
  /** What `send` returns. */
  hasRoom = true;
  /** Whether the next `send` finds the socket lost, as can happen with Bun's. */
  isBroken = false;
  #watcher: SocketWatcher | undefined;

  send(message: Uint8Array | string): boolean {
    if (this.isClosed) return true;
    if (this.isBroken) {
      this.terminate();
      return true;
    }
    this.#watcher?.sent(message);
    const isBundle = this.takesBundles && typeof message !== "string" && message.byteLength <= MAX_BUNDLE_BYTES;
    this.sent.push(isBundle ? `[${this.#noteBundle(message)}]` : this.#note(message));
    this.blocked = !this.hasRoom;
    return this.hasRoom;
  }

  pause(): void {}

  resume(): void {}

  ping(): boolean {
    return true;
  }

  /** Has a watcher observe everything that is sent and received. */
  watch(watcher: SocketWatcher): void {
    this.#watcher = watcher;
  }

  // The peer's part.

  receive(message: Message): void {
    this.#watcher?.received(message);
    this.received(message);
  }

  /** The socket has room again. */
  drain(): void {
    this.hasRoom = true;
    this.drained();
  }

  /** The peer's close, or (with 1006) the loss of the socket. */
  end(code: number, reason = ""): void {
    this.#watcher?.ended();
    this.closed(code, reason);
  }

  protected startClosing(code: number): void {
    this.#watcher?.ended();
    this.sent.push(`close ${code}`);
  }

  protected drop(): void {
    this.sent.push("terminate");
  }

  #note(message: Uint8Array | string): string {
    if (typeof message === "string") return message;
    for (const byte of message) this.sentBytes.push(byte);
    return `data ${message.byteLength}`;
  }

  #noteBundle(bundle: Uint8Array): string {
    const { messages, isWhole } = messagesIn(bundle);
    const notes = messages.map((message) => this.#note(message)).join(", ");
    return isWhole ? notes : `${notes}, and something that is no message`;
  }
}

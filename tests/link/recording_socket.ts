import { AdaptedSocket } from "../../src/runtime/adapted_socket.ts";
import type { Message } from "../../src/runtime/socket.ts";

/** Sees what passes a socket, before anybody else does. */
export interface SocketWatcher {
  sent(message: Uint8Array | string): void;
  received(message: Message): void;
  /** One side has closed the socket, or it is lost. */
  ended(): void;
}

/** A socket without a network: it keeps what is sent, and the test plays the peer. */
export class RecordingSocket extends AdaptedSocket {
  readonly localAddress = undefined;
  readonly remoteAddress = undefined;
  readonly tls = undefined;
  bufferedBytes = 0;
  readonly canPause = true;
  /** What was sent, in order: texts as they are, binary messages as `data 5`, the close as `close 1000`, the drop as `terminate`. */
  readonly sent: string[] = [];
  /** The bytes of all binary messages. */
  readonly sentBytes: number[] = [];
  /** What `send` answers. */
  hasRoom = true;
  /** The next `send` finds the socket lost, as Bun's can. */
  isBroken = false;
  #watcher: SocketWatcher | undefined;

  send(message: Uint8Array | string): boolean {
    if (this.isClosed) return true;
    if (this.isBroken) {
      this.terminate();
      return true;
    }
    this.#watcher?.sent(message);
    this.sent.push(typeof message === "string" ? message : `data ${message.byteLength}`);
    if (typeof message !== "string") this.sentBytes.push(...message);
    this.blocked = !this.hasRoom;
    return this.hasRoom;
  }

  pause(): void {}

  resume(): void {}

  ping(): boolean {
    return true;
  }

  /** Lets somebody see everything that is sent and received. */
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

  /** The peer's close, or with 1006 the loss of the socket. */
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
}

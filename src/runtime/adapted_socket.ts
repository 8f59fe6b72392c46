import { DrainWatch } from "./drain_watch.ts";
import { LOW_WATER_BYTES } from "./limits.ts";
import { CloseCode } from "./rfc6455/close_code.ts";
import type { Message, NetAddress, Socket, SocketHandler, TlsInfo } from "./socket.ts";

/** The longest reason of a close frame: a control frame's payload without the code (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;

/** What may wait for a handler before the socket is given up: the owner sets one in the turn in which it gets the socket. */
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * What a message counts beside its bytes while it waits, so that a peer cannot have any number of empty ones wait. Little: an
 * honest peer may send thousands of small ones behind its first message.
 */
const HELD_MESSAGE_BYTES = 8;

/**
 * What the sockets of all runtimes share: order, the wait for a handler, and that the close is told once. One object per link,
 * since thousands of them idle.
 */
export abstract class AdaptedSocket implements Socket {
  #handler: SocketHandler | undefined;
  /** Defined while something has to wait for the handler; then everything new queues behind it. */
  #held: Held | undefined;
  /** No call of the handler's `onClose` is to come: it was made, or waits in `#held`. */
  #closeTold = false;
  /** `close` was called: nothing is sent any more, though the runtime may not have closed yet. */
  #isClosing = false;
  /** Defined while somebody waits until everything is sent. */
  #sending: DrainWatch | undefined;
  /** Defined while the handler waits to be told to go on by `watchDrain`. */
  #draining: DrainWatch | undefined;
  /** `send` returned false, and the handler was not told to go on since. */
  protected blocked = false;

  abstract readonly localAddress: NetAddress | undefined;
  abstract readonly remoteAddress: NetAddress | undefined;
  abstract readonly tls: TlsInfo | undefined;
  abstract readonly bufferedBytes: number;
  abstract readonly canPause: boolean;
  abstract send(message: Uint8Array | string): boolean;
  abstract pause(): void;
  abstract resume(): void;
  abstract ping(): boolean;
  /** Sends the close frame. The reason has a length that fits. */
  protected abstract startClosing(code: number, reason: string): void;
  /** Frees what the runtime holds, as far as it lets us; the handler was told already. */
  protected abstract drop(): void;

  limitMessages(_maxBytes: number): void {}

  onceSent(callback: () => void): void {
    if (this.bufferedBytes === 0) return callback();
    this.#sending = new DrainWatch(() => {
      if (this.bufferedBytes > 0) return false;
      callback();
      return true;
    });
  }

  get handler(): SocketHandler | undefined {
    return this.#handler;
  }

  set handler(handler: SocketHandler | undefined) {
    this.#handler = handler;
    // Not at once: a handler sets itself in its constructor, before it is ready to be called.
    if (handler && this.#held) queueMicrotask(() => this.#deliverHeld());
  }

  close(code: number, reason: string): void {
    if (this.isClosed) return;
    this.#isClosing = true;
    // A paused socket would not see the peer's answer.
    this.resume();
    this.startClosing(code, fitting(reason));
  }

  terminate(): void {
    this.closed(CloseCode.abnormal, "");
    if (this.#held) this.#held.messages.length = 0;
    this.#deliverHeld();
    this.resume();
    this.drop();
  }

  /** Whether nothing is sent any more: closing, closed or given up. */
  protected get isClosed(): boolean {
    return this.#isClosing || this.#closeTold;
  }

  /** Hands a message on, and ignores empty binary ones and what comes after the close. */
  protected received(message: Message): void {
    if (this.#closeTold || (message.length === 0 && typeof message !== "string")) return;
    if (this.#handler && !this.#held) return this.#handler.onMessage(message);
    const held = this.#hold();
    held.messages.push(message);
    held.bytes += message.length + HELD_MESSAGE_BYTES;
    if (held.bytes > MAX_HELD_BYTES && !this.#handler) this.terminate();
  }

  /** Hands the close on, once. Runtimes say 0 or 1005 in their own ways where there was no code. */
  protected closed(code: number, reason: string): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    this.#sending?.cancel();
    this.#draining?.cancel();
    this.blocked = false;
    const told = code === 0 ? CloseCode.abnormal : code;
    if (this.#handler && !this.#held) return this.#handler.onClose(told, reason);
    this.#hold().close = { code: told, reason };
  }

  /** Looks until so little waits that the handler may go on, where the runtime does not tell. */
  protected watchDrain(): void {
    this.#draining ??= new DrainWatch(() => {
      if (this.bufferedBytes > LOW_WATER_BYTES) return false;
      this.#draining = undefined;
      this.drained();
      return true;
    });
  }

  /** Tells the handler to go on, when it was told to wait. */
  protected drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.#handler?.onDrain();
  }

  #hold(): Held {
    return this.#held ??= { messages: [], told: 0, bytes: 0, close: undefined };
  }

  #deliverHeld(): void {
    const held = this.#held;
    if (!held) return;
    while (this.#handler && held.told < held.messages.length) {
      const message = held.messages[held.told]!;
      held.messages[held.told++] = undefined;
      held.bytes -= message.length + HELD_MESSAGE_BYTES;
      this.#handler.onMessage(message);
    }
    if (!this.#handler || this.#held !== held) return;
    this.#held = undefined;
    if (held.close) this.#handler.onClose(held.close.code, held.close.reason);
  }
}

interface Held {
  messages: (Message | undefined)[];
  /** How many of them the handler was told: shifting an array that holds thousands would move them all. */
  told: number;
  bytes: number;
  close: { code: number; reason: string } | undefined;
}

/** As much of a reason as a close frame has room for. */
function fitting(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}

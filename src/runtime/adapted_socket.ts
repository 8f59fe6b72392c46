import { DrainWatch } from "./drain_watch.ts";
import { LOW_WATER_BYTES } from "./limits.ts";
import { CloseCode } from "./rfc6455/close_code.ts";
import type { Message, NetAddress, Socket, SocketHandler, TlsInfo } from "./socket.ts";

/** The longest reason of a close frame: a control frame's payload minus the code (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;

/**
 * How much may wait for a handler before the socket is dropped: the owner sets one in the same turn in which it gets the
 * socket.
 */
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * What a held message counts in addition to its bytes, so that a peer cannot make any number of empty ones wait. Kept small: an
 * honest peer may send thousands of small messages right after its first one.
 */
const HELD_MESSAGE_BYTES = 8;

/**
 * What the sockets of all runtimes share: message order, waiting for a handler, and reporting the close exactly once. One
 * object per link, since thousands of them may be idle.
 */
export abstract class AdaptedSocket implements Socket {
  #handler: SocketHandler | undefined;
  /** Defined while something has to wait for the handler; everything new then queues behind it. */
  #held: Held | undefined;
  /** The handler's `onClose` was called, or waits in `#held`: there will be no further call. */
  #closeTold = false;
  /** `close` was called: nothing more is sent, though the runtime may not have closed yet. */
  #isClosing = false;
  /** Defined while a caller waits until everything is sent. */
  #sending: DrainWatch | undefined;
  /** Defined while `watchDrain` waits to call the handler's `onDrain`. */
  #draining: DrainWatch | undefined;
  /** `send` returned false, and the handler's `onDrain` has not been called since. */
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
  /** Sends the close frame. The reason is already short enough. */
  protected abstract startClosing(code: number, reason: string): void;
  /** Frees what the runtime holds, as far as it lets us; the handler has been notified already. */
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

  /** Whether nothing more is sent: closing, closed or dropped. */
  protected get isClosed(): boolean {
    return this.#isClosing || this.#closeTold;
  }

  /** Delivers a message; ignores empty binary ones and anything after the close. */
  protected received(message: Message): void {
    if (this.#closeTold || (message.length === 0 && typeof message !== "string")) return;
    if (this.#handler && !this.#held) return this.#handler.onMessage(message);
    const held = this.#hold();
    held.messages.push(message);
    held.bytes += message.length + HELD_MESSAGE_BYTES;
    if (held.bytes > MAX_HELD_BYTES && !this.#handler) this.terminate();
  }

  /** Reports the close, once. Where there was no code, runtimes report 0 or 1005, each in its own way. */
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

  /** Polls until little enough is buffered for the handler to continue, where the runtime does not notify. */
  protected watchDrain(): void {
    this.#draining ??= new DrainWatch(() => {
      if (this.bufferedBytes > LOW_WATER_BYTES) return false;
      this.#draining = undefined;
      this.drained();
      return true;
    });
  }

  /** Calls the handler's `onDrain`, if it was told to wait. */
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
  /** How many of them were delivered: shifting an array that holds thousands would move them all. */
  told: number;
  bytes: number;
  close: { code: number; reason: string } | undefined;
}

/** As much of a reason as fits into a close frame. */
function fitting(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}

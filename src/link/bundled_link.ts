import type { Message, Socket } from "../runtime/socket.ts";
import { Bundle, MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES, readBundle } from "./bundle.ts";
import { Link, type LinkHost } from "./link.ts";

/**
 * A link whose messages are sent in bundles, if the peer accepts them: everything that is sent in one turn of the event loop is
 * one message of the socket. The subclass sends and receives the messages one by one, and knows what they mean.
 */
export abstract class BundledLink extends Link {
  readonly #isBundling: boolean;
  /** What has been sent in this turn of the event loop. */
  #bundle: Bundle | undefined;

  constructor(socket: Socket, host: LinkHost, id: string, peer: string | undefined, isBundling: boolean) {
    super(socket, host, id, peer);
    this.#isBundling = isBundling;
  }

  override close(code: number, reason: string): void {
    this.flush();
    super.close(code, reason);
  }

  /** Sends the bundle, at the end of the turn at the latest. */
  flush(): void {
    const bundle = this.#bundle;
    if (!bundle) return;
    this.#bundle = undefined;
    super.send(bundle.message);
    bundle.release();
  }

  /** Handles one message, whether it came alone or in a bundle. */
  protected abstract receiveOne(message: Message): void;

  /** Ends the link because the peer violated the protocol. */
  protected abstract violation(what: string): void;

  protected override send(message: Uint8Array | string): void {
    if (!this.#isBundling) super.send(message);
    else if (typeof message !== "string" && message.byteLength > MAX_BUNDLED_BYTES) this.#sendLong(message);
    else if (!this.#bundled(message)) {
      this.flush();
      this.#bundled(message);
    }
  }

  protected receive(message: Message): void {
    if (!this.#isBundling || typeof message === "string" || message.byteLength > MAX_BUNDLE_BYTES) {
      return this.receiveOne(message);
    }
    for (const next of readBundle(message)) {
      if (this.isEnded) return;
      if (next === undefined) return this.violation("a malformed bundle");
      this.receiveOne(next);
    }
  }

  /** Adds a message to the bundle; false if it does not fit. */
  #bundled(message: Uint8Array | string): boolean {
    if (!this.#bundle) {
      this.#bundle = new Bundle();
      this.host.batch.flushLater(this);
    }
    return this.#bundle.add(message);
  }

  /**
   * Sends data that is too long to be bundled: as it is if it is longer than any bundle, and otherwise in two parts, so that it
   * is not taken for a bundle.
   */
  #sendLong(data: Uint8Array): void {
    if (data.byteLength > MAX_BUNDLE_BYTES) {
      this.flush();
      super.send(data);
    } else {
      this.send(data.subarray(0, MAX_BUNDLED_BYTES));
      this.send(data.subarray(MAX_BUNDLED_BYTES));
    }
  }
}

import type { Message, Socket } from "../runtime/socket.ts";
import { Bundle, MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES, readBundle } from "./bundle.ts";
import { Link, type LinkHost } from "./link.ts";

/**
 * A link whose messages leave in bundles, where the peer takes these: all that is sent in one turn of the event loop is one
 * message of the socket. What the messages mean is the business of the class that extends this one, which sends and receives
 * them one by one.
 */
export abstract class BundledLink extends Link {
  readonly #isBundling: boolean;
  /** What was sent in this turn. */
  #bundle: Bundle | undefined;

  constructor(socket: Socket, host: LinkHost, id: string, peer: string | undefined, isBundling: boolean) {
    super(socket, host, id, peer);
    this.#isBundling = isBundling;
  }

  override close(code: number, reason: string): void {
    this.flush();
    super.close(code, reason);
  }

  /** The turn is over: what was sent in it leaves. */
  flush(): void {
    const bundle = this.#bundle;
    if (!bundle) return;
    this.#bundle = undefined;
    super.send(bundle.message);
    bundle.release();
  }

  /** A message, alone or out of a bundle. */
  protected abstract receiveOne(message: Message): void;

  /** The peer broke the rules: ends the link. */
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
      if (next === undefined) return this.violation("a bundle that cannot be read");
      this.receiveOne(next);
    }
  }

  /** False: there is no room for the message. */
  #bundled(message: Uint8Array | string): boolean {
    if (!this.#bundle) {
      this.#bundle = new Bundle();
      this.host.batch.flushLater(this);
    }
    return this.#bundle.add(message);
  }

  /** Sends data that is too long for a bundle: as it is, where it is too long to be taken for one, and else in two. */
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

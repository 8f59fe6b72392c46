import { ProtocolError } from "../errors.ts";
import { CloseCode, isOrderly } from "../runtime/rfc6455/close_code.ts";
import type { Message } from "../runtime/socket.ts";
import { Link, type ReservedLink } from "./link.ts";
import { ResetCode, Stream } from "./stream.ts";
import type { Take } from "./take.ts";

/**
 * The socket of a link in use is paused at this many unread bytes, or at a quarter of the receive limit if that is less. It is
 * resumed at half of that.
 */
const PAUSE_BYTES = 262_144;

/** How long an idle link with unread data is left to the peer, which tells its id over another path, in milliseconds. */
const TOUCHED_MS = 30_000;

/**
 * A link to a peer that speaks npws/1, the protocol of npws itself (docs/wire.md section 1): every binary message is stream
 * data, a close with 1000 or 1001 ends both directions, and the link dies with its only stream. While it is idle the peer may
 * read nothing at all, so a missing answer is not held against it.
 */
export class Npws1Link extends Link implements ReservedLink {
  readonly protocol = 1;
  readonly peerPool = undefined;
  #paused = false;
  #pingedAt = -Infinity;

  override get isTouched(): boolean {
    const isUnread = this.state === "idle" && this.stream !== undefined && this.stream.unreadBytes > 0;
    return isUnread && this.host.clock.now() - this.heardAt < TOUCHED_MS;
  }

  take(take: Take): void {
    take.granted(this, this.takeNow());
  }

  override takeNow(): Stream {
    const stream = this.#streamOf();
    this.hasServed = true;
    this.setState("inUse");
    this.#holdBack(stream);
    return stream;
  }

  /** npws/1 has no message for it: the link is closed, which ends its only stream. */
  handBack(): void {
    this.close(CloseCode.normal, "");
  }

  fetched(): void {}

  neverFetched(): void {
    const bytes = this.stream!.unreadBytes;
    this.stream!.cancel(ResetCode.neverFetched, "");
    this.host.discarded(this, bytes);
  }

  adopt(): void {
    throw new Error(`Cannot adopt a stream on link ${this.id}: npws/1 has no early starts`);
  }

  /** Pings to keep the path open (NAT, proxies); a missing answer proves nothing. Also checks that a paused peer is alive. */
  sweep(now: number): void {
    if (this.state === "closing") return;
    const { keepAliveMs, receiveLimitBytes } = this.host.limits;
    if (keepAliveMs > 0 && now - Math.max(this.heardAt, this.#pingedAt) >= keepAliveMs) {
      this.#pingedAt = now;
      this.socket.ping();
    }
    // On Bun a paused socket does not notice the peer's close. Each check lets bytes in, so checks stop at half of the limit.
    if (this.#paused && this.stream!.unreadBytes < receiveLimitBytes / 2) this.#resume();
  }

  abort(error: unknown): void {
    // Not "going away": the peer would take that for the end of the data, and what it has received may be incomplete.
    this.fail(CloseCode.internalError, "pool closed", error);
  }

  /** npws/1 has no message for it. */
  want(): void {}

  /** Waits until the socket has sent all it holds: after the close the peer has only a second, and a slow one may need more. */
  sendEnd(left: () => void): void {
    this.socket.onceSent(() => {
      if (this.state !== "inUse") return;
      this.stream!.sentEnd();
      this.close(CloseCode.normal, "");
      left();
    });
  }

  sendReset(_code: number, reason: string): void {
    this.close(CloseCode.internalError, reason);
  }

  /** npws/1 has no message for it: what arrives is dropped until the peer closes. */
  sendStop(): void {}

  consumed(): void {
    if (this.#paused && this.stream!.unreadBytes <= this.#pauseBytes / 2) this.#resume();
  }

  /** Nothing to do: only the link's close ends a stream. */
  streamProgressed(): void {}

  protected receive(message: Message): void {
    if (typeof message === "string") {
      const error = new ProtocolError(
        `Cannot read connection ${this.id}: the peer sent a text message of ${message.length} characters in a byte stream`,
      );
      return this.fail(CloseCode.unsupportedData, "text message", error);
    }
    this.host.traffic.bytesRead += message.byteLength;
    const stream = this.#streamOf();
    stream.receive(message);
    this.#holdBack(stream);
  }

  protected streamLost(): void {
    const { stream } = this;
    if (!stream) return;
    const { code, from, local } = this.end!;
    if (!isOrderly(code)) return stream.lost(this.lostError());
    stream.closedByPeer(this.lostError());
    // The peer took the link, sent all that it had, and closed it before this side learned the id.
    if (from !== "idle" || stream.unreadBytes === 0) return;
    if (local) this.neverFetched();
    else this.host.leftBehind(this, stream);
  }

  #streamOf(): Stream {
    if (this.stream) return this.stream;
    const stream = this.stream = new Stream(this, this.host.batch);
    stream.bind(this);
    return stream;
  }

  get #pauseBytes(): number {
    return Math.min(PAUSE_BYTES, this.host.limits.receiveLimitBytes / 4);
  }

  /** Keeps unread bytes within bounds: by a pause if the runtime can and somebody is there to read, else by ending the link. */
  #holdBack(stream: Stream): void {
    // An idle link is never paused: a paused socket does not report its close.
    if (this.state === "inUse" && this.socket.canPause) {
      if (stream.unreadBytes >= this.#pauseBytes) this.#pause();
      return;
    }
    const { receiveLimitBytes } = this.host.limits;
    if (stream.unreadBytes > receiveLimitBytes) {
      const error = new ProtocolError(
        `Cannot keep unread bytes of connection ${this.id}: ${stream.unreadBytes} bytes exceed receiveLimitBytes ` +
          `(${receiveLimitBytes}), and a peer on npws/1 has no flow control`,
      );
      return this.fail(CloseCode.policyViolation, "receive limit", error);
    }
  }

  #pause(): void {
    this.#paused = true;
    this.socket.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.socket.resume();
  }
}

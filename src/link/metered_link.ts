import { ProtocolError } from "../errors.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Message, Socket } from "../runtime/socket.ts";
import { BundledLink } from "./bundled_link.ts";
import { type Control, MAX_DATA_BYTES, MAX_UNFINISHED_BYTES, parseControl } from "./control.ts";
import { ReceiveWindow, SendCredit } from "./flow.ts";
import type { ClientHello, ServerHello } from "./hello.ts";
import type { LinkHost } from "./link.ts";
import { RoundTrip } from "./round_trip.ts";

/**
 * How many messages that change nothing may arrive between two sweeps, a second at most: pings, pongs, demand, credit that is
 * no more than before. An honest peer sends a few hundred; one that sends more is wasting this side's time.
 */
const MAX_NO_OPS = 2_000;

/**
 * The number of the ping after the last stream of a link that retires. Its answer proves that the peer has received everything,
 * so that the close, which does not wait for a slow path, loses nothing.
 */
const LAST_PING = Number.MAX_SAFE_INTEGER;

/** Which side of the link this is. The two differ in who names the streams, and in whose take stands when two cross. */
export type Role = "client" | "server";

/** A message that belongs to a stream: its effect depends on the link's state. */
export type StreamControl = Exclude<Control, { readonly verb: "credit" | "want" | "ping" | "pong" }>;

/**
 * The part of npws/2 that does not depend on what a link carries (docs/wire.md sections 2.4, 2.8 and 2.9): credit for data,
 * demand, the heartbeat, and the end of the link when the peer violates the protocol. These messages are legal in every state;
 * streams are handled by the subclass.
 */
export abstract class MeteredLink extends BundledLink {
  readonly protocol = 2;
  readonly peerPool: string;
  protected readonly role: Role;
  readonly #credit: SendCredit;
  readonly #window: ReceiveWindow;
  readonly #roundTrip = new RoundTrip();
  /** How many messages since the last sweep changed nothing. */
  #noOps = 0;

  constructor(socket: Socket, host: LinkHost, role: Role, id: string, peerHello: ServerHello | ClientHello) {
    super(socket, host, id, "name" in peerHello ? peerHello.name : undefined, peerHello.bundles === true);
    socket.limitMessages(MAX_UNFINISHED_BYTES);
    this.role = role;
    this.peerPool = peerHello.pool;
    this.#credit = new SendCredit(peerHello.window);
    this.#window = new ReceiveWindow(host.limits.windowBytes, host.limits.maxWindowBytes);
  }

  want(count: number): void {
    this.send(`want ${count}`);
  }

  sweep(now: number): void {
    this.#noOps = 0;
    const { keepAliveMs, heartbeatTimeoutMs } = this.host.limits;
    if (keepAliveMs === 0 || this.state === "closing") return;
    const silentMs = now - this.heardAt;
    if (silentMs < keepAliveMs) return;
    // Silence alone is not enough: while this process was suspended, it sent no ping.
    const isOverdue = silentMs >= keepAliveMs + heartbeatTimeoutMs &&
      this.#roundTrip.waitedMs(now) >= heartbeatTimeoutMs;
    if (isOverdue) this.terminate();
    else this.#ping(now);
  }

  override sendable(): number {
    return Math.min(super.sendable(), this.#credit.available);
  }

  override sendData(data: Uint8Array): void {
    this.#credit.spend(data.byteLength);
    super.sendData(data);
  }

  consumed(bytes: number): void {
    const { clock } = this.host;
    const grant = this.#window.consume(bytes, clock, this.#roundTrip.shortestMs);
    if (grant === undefined) return;
    this.send(`credit ${grant}`);
    if (!this.#window.canGrow) return;
    const now = clock.now();
    if (this.#roundTrip.isDue(now)) this.#ping(now);
  }

  /** Whether the link's state allows data. */
  protected abstract get takesData(): boolean;

  /** Handles data that the state allows and the granted credit covers. */
  protected abstract receiveData(data: Uint8Array<ArrayBuffer>): void;

  /** Handles a message of a stream; false if the link's state does not allow it. */
  protected abstract receiveControl(control: StreamControl): boolean;

  /** The peer has answered `askWhetherAllArrived`. */
  protected abstract allArrived(): void;

  /** The link's row in the state table, for error messages. */
  protected abstract get row(): string;

  protected override receive(message: Message): void {
    if (this.state === "idle") this.host.provedAlive(this);
    super.receive(message);
  }

  protected receiveOne(message: Message): void {
    if (typeof message !== "string") return this.#onData(message);
    const control = parseControl(message);
    if (!control) this.violation("a text that is not a control message");
    else if (!this.#onControl(control)) this.violation(`"${control.verb}" while the link is ${this.row}`);
  }

  protected violation(what: string, code: number = CloseCode.protocolError, reason = "protocol violation"): void {
    const error = new ProtocolError(`Cannot use connection ${this.id}: the peer sent ${what}`);
    this.fail(code, reason, error);
  }

  /** `allArrived` is called once everything sent so far has reached the peer. */
  protected askWhetherAllArrived(): void {
    this.send(`ping ${LAST_PING}`);
  }

  /** The link is idle again: the next stream begins with the hello's window. */
  protected shrinkWindow(): void {
    this.#window.shrink();
  }

  #onData(data: Uint8Array<ArrayBuffer>): void {
    if (!this.takesData || data.byteLength > MAX_DATA_BYTES) {
      return this.violation(`${data.byteLength} bytes of data while the link is ${this.row}`);
    }
    if (!this.#window.receive(data.byteLength)) {
      return this.violation("more data than its credit allows", CloseCode.policyViolation, "over the granted credit");
    }
    this.host.traffic.bytesRead += data.byteLength;
    this.receiveData(data);
  }

  /** Returns false for a violation. */
  #onControl(control: Control): boolean {
    switch (control.verb) {
      case "credit":
        if (!this.#credit.raise(control.count)) break;
        this.pump();
        return true;
      case "want":
        if (this.role === "server") return false;
        this.host.wanted(control.count);
        break;
      case "ping":
        this.send(`pong ${control.count}`);
        break;
      case "pong":
        this.#roundTrip.answered(control.count, this.host.clock.now());
        if (control.count === LAST_PING) this.allArrived();
        break;
      default:
        return this.receiveControl(control);
    }
    this.#countNoOp();
    return true;
  }

  #countNoOp(): void {
    if (++this.#noOps <= MAX_NO_OPS || this.isEnded) return;
    this.violation(`more than ${MAX_NO_OPS} messages without effect in a second`, CloseCode.policyViolation, "flood");
    this.terminate(); // so that nothing more from the peer is read
  }

  #ping(now: number): void {
    const number = this.#roundTrip.start(now);
    if (number !== undefined) this.send(`ping ${number}`);
  }
}

import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Timer } from "../time/clock.ts";
import { formatEnd, formatOpen } from "./control.ts";
import type { EarlyLink, EarlyStart } from "./early_start.ts";
import type { ReservedLink } from "./link.ts";
import { MeteredLink, type StreamControl } from "./metered_link.ts";
import { resetError } from "./reset_error.ts";
import { ResetCode, Stream } from "./stream.ts";
import type { Take, TakeFailure, TakeKind } from "./take.ts";

/** How long the peer may take to end its direction of a stream that the closing pool has given up, in milliseconds. */
const LEAVING_TIMEOUT_MS = 500;

/**
 * A link to a peer that speaks npws/2 (docs/wire.md section 2): binary messages are stream data, text messages are control
 * messages, and the link carries one stream after another. Created once both hellos have been exchanged. The tables in
 * docs/wire-states.md say what each message does in each state; a message that is a violation there ends this link and no
 * other.
 */
export class Npws2Link extends MeteredLink implements EarlyLink, ReservedLink {
  /** This side's take that the peer has not answered. Set only in `taking`. */
  #take: Take | undefined;
  /**
   * The client's take that crossed the server's own has arrived: the client's answer follows, and a second take is a violation.
   */
  #wasCrossed = false;
  /** An early start whose take was answered, but whose copy is not completely sent. */
  #early: EarlyStart | undefined;
  /** How the peer took the stream, as long as no application on this side has it. */
  #reservedBy: TakeKind | undefined;
  /** The peer is done with the stream. On a client, `#nextId` is set by then. */
  #isPeerDone = false;
  /** The link is done and will not be reused: it closes once the peer has received everything. */
  #isRetiring = false;
  #nextId: string | undefined;
  /**
   * Set when the pool has given the stream up: the link closes when the peer has ended its direction, or when this timer fires.
   */
  #leaving: Timer | undefined;

  override get isHeld(): boolean {
    return super.isHeld || this.state === "done" || this.#take?.early !== undefined;
  }

  take(take: Take): void {
    this.#take = take;
    this.#wasCrossed = false;
    this.setState("taking");
    this.host.probing(this);
    this.send(take.kind === "open" ? formatOpen(take.metadata) : "take");
    if (this.#take === take) take.early?.begin(this); // sending may reveal that the socket is lost
  }

  handBack(): void {
    if (this.#early) this.#replaceEarly(this.#early);
    this.stream?.giveUp(ResetCode.givenUp, "");
  }

  fetched(): void {
    this.hasServed = true;
    this.#reservedBy = undefined;
    this.streamProgressed();
  }

  neverFetched(): void {
    this.#reservedBy = undefined;
    this.stream?.giveUp(ResetCode.neverFetched, "never fetched");
  }

  adopt(early: EarlyStart): void {
    this.hasServed = true;
    this.#reservedBy = undefined;
    this.stream = early.stream;
    this.#early = early;
    early.begin(this);
    early.confirm();
  }

  /**
   * Gives the stream up, and closes the link once the peer has ended its direction too, because then no data of the peer can
   * follow the close: at such data both runtimes may drop the connection, along with what the peer has not read.
   */
  abort(error: unknown): void {
    const stream = this.stream;
    if (!stream || this.#leaving) return;
    const { sending, receiving, cancelled } = stream;
    if (sending === "open" && !this.#early?.isFinSent) this.sendReset(ResetCode.poolClosed, "pool closed");
    if (receiving === "open" && !cancelled) this.sendStop(ResetCode.poolClosed, "pool closed");
    this.#early?.leave();
    this.#early = this.#reservedBy = undefined;
    stream.lost(error);
    if (this.isEnded) return; // a completely received stream has outlived its link
    this.limitClosing();
    if (receiving === "open") this.#leaving = this.host.clock.setTimeout(() => this.#leave(), LEAVING_TIMEOUT_MS);
    else this.#leave();
  }

  /** The close waits until everything sent has reached the peer, whose application may still read it. */
  override retireWhenDone(): boolean {
    if (this.state !== "done" || this.#isRetiring) return false;
    this.#isRetiring = true;
    this.askWhetherAllArrived();
    return true;
  }

  override close(code: number, reason: string): void {
    this.host.clock.clearTimeout(this.#leaving);
    super.close(code, reason);
    this.#takeFailed("lost");
    this.#forgetReserved();
  }

  // Called by the stream or its early start.

  // An end, and everything before it, is sent at once and not at the end of the turn: whoever awaits it may exit the process
  // right after.

  sendFin(): void {
    this.send("fin");
    this.flush();
  }

  sendEnd(left: () => void): void {
    this.send("fin");
    this.stream!.sentEnd();
    this.flush();
    left();
  }

  earlySent(): void {
    this.#early = undefined;
  }

  sendReset(code: number, reason: string): void {
    this.send(formatEnd("reset", code, reason));
  }

  sendStop(code: number, reason: string): void {
    this.send(formatEnd("stop", code, reason));
  }

  /** Ends the stream when nothing is left to do for it (docs/wire-states.md, "After every event in a stream row"). */
  streamProgressed(): void {
    const stream = this.stream;
    if (this.state !== "inUse" || !stream || stream.sending === "open") return;
    // All that is still to come is the peer's answer to `stop`.
    if (stream.receiving === "open" && stream.cancelled) this.host.givenUp(this);
    if (stream.receiving === "open" || this.#early) return; // early: its first bytes are not completely sent
    if (this.#reservedBy) {
      if (stream.receiving !== "reset" && !stream.cancelled) return;
      this.host.unreserved(this);
    } else if (stream.unreadBytes > 0) return;
    this.#streamDone(stream);
  }

  // Called for what the peer sends.

  protected override pump(): void {
    if (this.#take) this.#take.early?.pump();
    else if (this.#early) this.#early.pump();
    else super.pump();
  }

  protected streamLost(): void {
    this.host.clock.clearTimeout(this.#leaving);
    this.#takeFailed(this.end!.code === CloseCode.normal && !this.end!.local ? "left" : "lost");
    if (this.#nextId) this.host.ids?.release(this.#nextId);
    this.stream?.lost(this.lostError());
    this.#forgetReserved();
  }

  protected get takesData(): boolean {
    return this.#isBeforeStream || this.#leaving !== undefined ||
      (this.state === "inUse" && this.stream!.receiving === "open");
  }

  protected receiveData(data: Uint8Array<ArrayBuffer>): void {
    if (this.#isBeforeStream) this.consumed(data.byteLength);
    else if (!this.#leaving) this.stream!.receive(data);
  }

  protected allArrived(): void {
    if (this.#isRetiring) this.close(CloseCode.normal, "retired");
  }

  protected get row(): string {
    if (this.state !== "inUse") return this.state;
    return `in use (${this.stream!.sending}/${this.stream!.receiving}${this.#isPeerDone ? ", peer done" : ""})`;
  }

  protected receiveControl(control: StreamControl): boolean {
    switch (control.verb) {
      case "take":
      case "open":
        return this.#onTake(control.verb, control.verb === "open" ? control.metadata : undefined);
      case "ok":
        return this.#onOk();
      case "no":
        return this.#onNo();
      case "fin":
        return this.#onFin();
      case "reset":
        return this.#onReset(control.code, control.reason);
      case "stop":
        return this.#onStop(control.code, control.reason);
      case "idle":
        return this.#onIdle(control.id);
    }
  }

  #onTake(kind: TakeKind, metadata: string | undefined): boolean {
    if (this.state === "idle") return this.#reserve(kind, metadata);
    if (this.state !== "taking") return false;
    if (this.role === "server") {
      if (this.#wasCrossed) return false;
      this.#wasCrossed = true; // ours stands, and the client will answer it
      return true;
    }
    const own = this.#withdrawTake();
    this.#reserve(kind, metadata);
    own.failed(this, "crossed");
    return true;
  }

  /** Returns true: the take is not a violation. */
  #reserve(kind: TakeKind, metadata: string | undefined): true {
    if (!this.host.canReserve(kind)) {
      this.send("no");
      if (this.state === "taking") this.#free(); // an idle link is in the store already
      return true;
    }
    const stream = this.#newStream();
    if (metadata) stream.metadata = metadata;
    this.#reservedBy = kind;
    this.setState("inUse");
    this.send("ok"); // may reveal that the socket is lost
    if (this.state === "inUse") this.host.reserved(this, stream, kind);
    return true;
  }

  #onOk(): boolean {
    if (this.state !== "taking") return false;
    const take = this.#endTake();
    const stream = this.stream = take.early?.stream ?? this.#newStream();
    this.#early = take.early;
    this.hasServed = true;
    this.setState("inUse");
    take.granted(this, stream);
    this.#early?.confirm();
    return true;
  }

  #onNo(): boolean {
    if (this.state !== "taking" || this.#take!.kind !== "open") return false;
    const take = this.#withdrawTake();
    this.setState("idle");
    take.failed(this, "refused");
    this.host.linkFree(this);
    return true;
  }

  #onFin(): boolean {
    if (this.#isBeforeStream) return true;
    if (this.#leaving) return this.#leave();
    if (this.state !== "inUse" || this.stream!.receiving !== "open") return false;
    this.stream!.receiveEnd();
    return true;
  }

  #onReset(code: number, reason: string): boolean {
    if (this.#leaving) return this.#leave();
    if (this.state !== "inUse" || this.stream!.receiving !== "open") return false;
    this.stream!.receiveReset(resetError(this.id, "read", code, reason));
    return true;
  }

  #onStop(code: number, reason: string): boolean {
    if (this.#isPeerDone || (this.state !== "inUse" && this.state !== "done")) return false;
    const stream = this.stream;
    if (stream?.sending === "open") {
      this.sendReset(code, "");
      stream.receiveStop(resetError(this.id, "write to", code, reason));
      this.#early?.dropRest();
    }
    const isGivenUp = this.#reservedBy && code === ResetCode.givenUp && this.stream?.receiving !== "open";
    if (isGivenUp) this.stream!.cancel(ResetCode.givenUp, "");
    return true;
  }

  #onIdle(id: string | undefined): boolean {
    if ((id !== undefined) !== (this.role === "client") || this.#isPeerDone) return false;
    const isOver = this.state === "inUse" && this.stream!.sending !== "open" && this.stream!.receiving !== "open";
    if (!isOver && this.state !== "done") return false;
    this.#isPeerDone = true;
    this.#nextId ??= id;
    if (this.#isRetiring) this.close(CloseCode.normal, "retired");
    else if (this.state === "done") this.#reuse();
    return true;
  }

  // State transitions.

  /** Data and `fin` that arrive now are early ones, of a take that failed. */
  get #isBeforeStream(): boolean {
    return this.state === "idle" || this.state === "taking";
  }

  #newStream(): Stream {
    const stream = this.stream = new Stream(this, this.host.batch);
    stream.bind(this);
    return stream;
  }

  /**
   * The application has abandoned its early start: what was sent stands, and a stream that nobody owns replaces the
   * application's.
   */
  #replaceEarly(early: EarlyStart): void {
    this.#early = undefined;
    const stream = this.#newStream();
    if (early.isFinSent) stream.sentEnd();
  }

  #endTake(): Take {
    const take = this.#take!;
    this.#take = undefined;
    this.host.probed(this);
    return take;
  }

  #takeFailed(why: TakeFailure): void {
    if (this.#take) this.#withdrawTake().failed(this, why);
  }

  /** Ends a take that failed: its early start goes on elsewhere, if at all. */
  #withdrawTake(): Take {
    const take = this.#endTake();
    take.early?.leave();
    return take;
  }

  /**
   * The link has ended while its stream was reserved. A stream that the peer has sent completely can still be fetched, if there
   * is room.
   */
  #forgetReserved(): void {
    if (!this.#reservedBy) return;
    const stream = this.stream!;
    if (stream.receiving === "fin") {
      if (this.host.keepCompleted(this, stream)) return;
      this.host.discarded(this, stream.unreadBytes);
    }
    this.#reservedBy = undefined;
    this.host.unreserved(this);
  }

  #streamDone(stream: Stream): void {
    stream.detach();
    this.stream = this.#reservedBy = undefined;
    this.streams++;
    const retires = this.host.retires(this);
    if (retires && this.#isPeerDone) return this.close(CloseCode.normal, "retired");
    this.setState("done");
    if (retires) return void this.retireWhenDone();
    if (this.role === "server") this.#nextId = this.host.ids!.allocate();
    this.send(this.role === "server" ? `idle ${this.#nextId}` : "idle"); // may reveal that the socket is lost
    if (this.#isPeerDone && this.state === "done") this.#reuse();
  }

  /** Both sides are done: the link is idle under its next id. */
  #reuse(): void {
    this.host.ids?.release(this.id);
    this.setId(this.#nextId!);
    this.#nextId = undefined;
    this.#isPeerDone = false;
    this.shrinkWindow();
    this.#free();
  }

  #free(): void {
    this.setState("idle");
    this.host.linkFree(this);
  }

  /** Closes the link. Returns true: the peer's end is not a violation. */
  #leave(): true {
    this.close(CloseCode.goingAway, "pool closed");
    return true;
  }
}

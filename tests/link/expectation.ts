import type { Delivery } from "./deliveries.ts";
import { HALF_WINDOW_BYTES, NEXT_ID } from "./fake_link_host.ts";
import type { Holder, LinkRig } from "./link_rig.ts";
import type { Row } from "./rows.ts";

/**
 * What one message should do to a link: created before the message arrives, filled in from the cell of the state table, and
 * compared afterwards. It implements the rules that docs/wire-states.md gives under its tables, footnotes included.
 */
export class Expectation {
  readonly sent: string[] = [];
  /** What the pool, the take and the application are notified of. */
  readonly told: string[] = [];
  /** The row afterwards. */
  row: string;
  /** The link's id afterwards. */
  id: string;
  isPeerIdle: boolean;
  readonly #rig: LinkRig;
  readonly #from: Row;
  readonly #holder: Holder;
  #own: "open" | "ended" = "ended";
  #peer: "open" | "fin" | "reset" = "open";
  #unread = 0;
  #isDiscarding = false;

  constructor(rig: LinkRig, from: Row) {
    this.#rig = rig;
    this.#from = from;
    this.#holder = rig.holder;
    this.row = from.state.replace("+idle", "");
    this.id = rig.link.id;
    this.isPeerIdle = from.state.endsWith("+idle");
    if (this.#isStream) this.#lookAtStream();
  }

  /** Fills in what a cell says. */
  follow(cell: string, delivery: Delivery): void {
    switch (cell) {
      case "V":
        return this.#fail(1002);
      case "–":
        return this.#ignore(delivery);
      case "– (3)":
      case "– (4)":
        return;
      case "gone":
        return this.#gone(delivery.code!);
      case "discard":
        return delivery.isOverCredit ? this.#fail(1008) : this.#grant(delivery.length!);
      case "buffer":
        return this.#buffer(delivery);
      case "limit":
      case "limit°":
        return this.#limit();
      case "reserve":
        return this.#reserve(delivery);
      case "own take void (1), reserve":
        return this.#reserveInPlaceOfOwn(delivery);
      case "granted (2) → open/open (5)":
        return this.#granted();
      case "own was open: → idle, same id; else V":
        return this.#rig.own!.kind === "open" ? this.#refused() : this.#fail(1002);
      case "→ open/ended":
      case "→ ended/ended":
        return this.#fin();
      case "discard unread → open/ended":
      case "discard unread → ended/ended":
        return this.#reset(delivery.code!);
      case "send reset → ended/open":
      case "send reset → ended/ended (6)":
        return this.#stop(delivery.code!);
      case "keep ID → ended/ended+idle":
      case "→ ended/ended+idle":
        this.isPeerIdle = true;
        return;
      case "→ idle under ID":
      case "→ idle under the ID sent":
        return this.#reuse();
      case "dial":
        return void this.told.push(`wanted ${delivery.count}`);
      case "pong":
        return void this.sent.push(`pong ${delivery.count}`);
      default:
        throw new Error(`Cannot read the table: there is no rule for "${cell}"`);
    }
  }

  get #isStream(): boolean {
    return this.row.includes("/");
  }

  get #isServer(): boolean {
    return this.#rig.role === "server";
  }

  #lookAtStream(): void {
    const { receiving, unreadBytes, cancelled } = this.#rig.stream!;
    this.#own = this.row.startsWith("open") ? "open" : "ended";
    this.#peer = receiving;
    this.#unread = unreadBytes;
    this.#isDiscarding = cancelled;
  }

  // Takes.

  #reserve({ kind, queueIsFull }: Delivery): void {
    if (queueIsFull) return void this.sent.push("no");
    this.sent.push("ok");
    this.told.push(`reserved by ${kind}`);
    this.row = "open/open";
  }

  #reserveInPlaceOfOwn(delivery: Delivery): void {
    this.told.push("probed");
    this.#reserve(delivery);
    if (delivery.queueIsFull) {
      this.row = "idle";
      this.told.push("free");
    }
    this.told.push("failed crossed");
  }

  #granted(): void {
    const { early, isCallerGone } = this.#rig.own!;
    this.told.push("probed", "granted");
    this.#own = early?.isFinSent ? "ended" : "open";
    if (isCallerGone) this.#end(0, 0);
    else if (early?.isGivenUp) this.#end(1, 1);
    this.#settle();
  }

  /** Ends the own direction, and tells the peer that its direction is not wanted. */
  #end(resetCode: number, stopCode: number): void {
    if (this.#own === "open") this.sent.push(`reset ${resetCode}`);
    this.sent.push(`stop ${stopCode}`);
    this.#own = "ended";
    this.#isDiscarding = true;
    this.#tellGivenUp();
  }

  /** Only the end of the peer's direction is still to come, and it must come in time. */
  #tellGivenUp(): void {
    if (this.#isDiscarding && this.#peer === "open") this.told.push("given up");
  }

  #refused(): void {
    this.told.push("probed", "failed refused", "free");
    this.row = "idle";
  }

  // The stream.

  #buffer({ length, isOverCredit }: Delivery): void {
    if (isOverCredit) return this.#fail(1008);
    if (this.#isDiscarding) return this.#grant(length!);
    this.#tellApplication("readable");
  }

  #fin(): void {
    this.#peer = "fin";
    this.#tellApplication("readable");
    this.#settle();
  }

  #reset(code: number): void {
    this.#peer = "reset";
    this.#discardUnread();
    if (!this.#isDiscarding) this.#tellApplication(`read failed: ConnectionResetError ${code}`);
    this.#settle();
  }

  #stop(code: number): void {
    this.sent.push(`reset ${code}`);
    this.#tellApplication(`write failed: ConnectionResetError ${code}`);
    this.#own = "ended";
    this.#tellGivenUp();
    this.#giveUpReserved(code);
    this.#settle();
  }

  /**
   * Nothing, with one exception that the model has and the table leaves out: `stop 0` gives up a reserved stream whose `fin`
   * has arrived, even if an earlier `stop` was answered. No honest peer sends `stop` twice.
   */
  #ignore({ column, code }: Delivery): void {
    if (column === "stop" && this.#isStream && this.#giveUpReserved(code!)) this.#settle();
  }

  #giveUpReserved(code: number): boolean {
    const isGivenUp = this.#holder === "pool" && this.#peer !== "open" && code === 0;
    if (isGivenUp) this.#discardUnread();
    this.#isDiscarding ||= isGivenUp;
    return isGivenUp;
  }

  #limit(): void {
    const { waiting, waitsWithFin, state } = this.#from;
    if (!waiting) return;
    this.sent.push(`data ${waiting}`);
    if (!waitsWithFin) return;
    this.sent.push("fin");
    if (state === "taking") return;
    this.#own = "ended";
    this.#settle();
  }

  /** Applies what holds after every event in a stream row. */
  #settle(): void {
    this.row = `${this.#own}/${this.#peer === "open" ? "open" : "ended"}`;
    if (this.row !== "ended/ended" || !this.#isDone) return;
    if (this.#holder === "pool") this.told.push("unreserved");
    const { isRetiring } = this.#rig.host;
    if (isRetiring && this.isPeerIdle) {
      this.sent.push("close 1000");
      this.row = "closing";
      return;
    }
    this.row = "done";
    if (isRetiring) return void this.sent.push(`ping ${Number.MAX_SAFE_INTEGER}`);
    this.sent.push(this.#isServer ? `idle ${NEXT_ID}` : "idle");
    if (this.isPeerIdle) this.#reuse();
  }

  get #isDone(): boolean {
    if (this.#isDiscarding || this.#holder === "nobody") return true;
    return this.#holder === "pool" ? this.#peer === "reset" : this.#unread === 0;
  }

  #reuse(): void {
    if (this.#isServer) this.told.push(`released ${this.id}`);
    this.told.push("free");
    this.row = "idle";
    this.id = NEXT_ID;
  }

  #discardUnread(): void {
    this.#grant(this.#unread);
    this.#unread = 0;
  }

  /** Consumes `bytes`, in addition to all earlier bytes that are no longer unread. */
  #grant(bytes: number): void {
    const consumed = this.#rig.received - (this.#isStream ? this.#rig.stream!.unreadBytes : 0) + bytes;
    if (bytes >= HALF_WINDOW_BYTES) this.sent.push(`credit ${consumed + 2 * HALF_WINDOW_BYTES}`);
  }

  // How a link ends.

  #fail(code: number): void {
    this.sent.push(`close ${code}`);
    this.#break("lost", "ProtocolError");
    this.row = "closing";
  }

  #gone(code: number): void {
    this.#break(code === 1000 ? "left" : "lost", `ConnectionLostError ${code}`);
    if (this.row === "done" && this.#isServer) this.told.push(`released ${NEXT_ID}`);
    this.row = "closed";
  }

  #break(why: "left" | "lost", error: string): void {
    if (this.row === "taking") this.told.push("probed", `failed ${why}`);
    if (!this.#isStream) return;
    if (this.#own === "open") this.#tellApplication(`write failed: ${error}`);
    if (this.#peer === "open" && !this.#isDiscarding) this.#tellApplication(`read failed: ${error}`);
    if (this.#holder === "pool" && this.#peer !== "fin") this.told.push("unreserved");
  }

  #tellApplication(what: string): void {
    if (this.#holder === "application") this.told.push(what);
  }
}

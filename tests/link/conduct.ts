import { type Control, parseControl } from "../../src/link/control.ts";
import { MAX_DATA_BYTES } from "../../src/link/control.ts";
import type { LinkLimits } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import type { Message } from "../../src/runtime/socket.ts";
import type { SocketWatcher } from "./recording_socket.ts";

/**
 * Watches one end of a link and records every message that it must not send. This is an independent implementation of the table
 * "What may be sent" of docs/wire-states.md. The link may receive nonsense; after that it may send nothing but its close.
 */
export class Conduct implements SocketWatcher {
  /** The messages that were sent although they must not be. */
  readonly faults: string[] = [];
  readonly #role: Role;
  readonly #maxWindowBytes: number;
  #state: "idle" | "taking" | "stream" | "done" | "ended" = "idle";
  /** The peer's unanswered take. */
  #asked: "take" | "open" | undefined;
  #isOwnOpen = true;
  #isPeerOpen = true;
  #isStopSent = false;
  #isPeerIdle = false;
  #sentBytes = 0;
  #limit: number;
  #receivedBytes = 0;
  #granted: number;
  readonly #pings: number[] = [];

  constructor(role: Role, peerWindow: number, { windowBytes, maxWindowBytes }: LinkLimits) {
    this.#role = role;
    this.#limit = peerWindow;
    this.#granted = windowBytes;
    this.#maxWindowBytes = maxWindowBytes;
  }

  ended(): void {
    this.#state = "ended";
  }

  // What the peer sends, as far as it affects what this end may send.

  received(message: Message): void {
    if (typeof message !== "string") this.#receivedBytes += message.byteLength;
    else this.#heard(parseControl(message));
  }

  #heard(control: Control | undefined): void {
    switch (control?.verb) {
      case "take":
      case "open":
        if (this.#state === "idle" || (this.#state === "taking" && this.#role === "client")) this.#asked = control.verb;
        return;
      case "ok":
        if (this.#state === "taking") this.#state = "stream";
        return;
      case "no":
        if (this.#state === "taking") this.#toIdle();
        return;
      case "credit":
        this.#limit = Math.max(this.#limit, control.count);
        return;
      case "fin":
      case "reset":
        if (this.#state === "stream") this.#isPeerOpen = false;
        return;
      case "idle":
        this.#isPeerIdle = true;
        if (this.#state === "done") this.#toIdle();
        return;
      case "ping":
        this.#pings.push(control.count);
    }
  }

  // What this end sends.

  sent(message: Uint8Array | string): void {
    const isAllowed = typeof message === "string" ? this.#says(message) : this.#sends(message.byteLength);
    const what = typeof message === "string" ? message : `data ${message.byteLength}`;
    if (!isAllowed) this.faults.push(`"${what}" in ${this.#state}`);
  }

  #sends(bytes: number): boolean {
    this.#sentBytes += bytes;
    const isSized = bytes >= 1 && bytes <= MAX_DATA_BYTES && this.#sentBytes <= this.#limit;
    return isSized && this.#maySend;
  }

  #says(text: string): boolean {
    const control = parseControl(text);
    if (!control || this.#state === "ended") return false;
    switch (control.verb) {
      case "take":
      case "open":
        return this.#moves("idle", "taking") && this.#asked === undefined;
      case "ok":
        return this.#answers("take", "open") && this.#toStream();
      case "no":
        return this.#answers("open") && this.#toIdle();
      case "credit":
        return this.#state !== "done" && this.#grants(control.count);
      case "fin":
        return this.#maySend && this.#endsOwn();
      case "reset":
        return this.#state === "stream" && this.#isOwnOpen && this.#endsOwn();
      case "stop":
        return this.#state === "stream" && this.#isPeerOpen && this.#stops();
      case "idle":
        return this.#isOver && (control.id !== undefined) === (this.#role === "server") && this.#isDone();
      case "want":
        return this.#role === "server";
      case "ping":
        return true;
      case "pong":
        return this.#pings.shift() === control.count;
    }
  }

  /** Whether data or `fin` may be sent now. In `taking`, that is early data: only until the take is answered or void. */
  get #maySend(): boolean {
    return (this.#state === "stream" || (this.#state === "taking" && this.#asked === undefined)) && this.#isOwnOpen;
  }

  get #isOver(): boolean {
    return this.#state === "stream" && !this.#isOwnOpen && !this.#isPeerOpen;
  }

  #moves(from: string, to: "taking"): boolean {
    const isAllowed = this.#state === from;
    this.#state = to;
    return isAllowed;
  }

  #answers(...kinds: string[]): boolean {
    const isAllowed = this.#asked !== undefined && kinds.includes(this.#asked);
    this.#asked = undefined;
    return isAllowed;
  }

  #toStream(): boolean {
    this.#state = "stream";
    this.#isOwnOpen = true; // an own take is void, and so is its early end
    return true;
  }

  #toIdle(): boolean {
    this.#state = "idle";
    this.#isOwnOpen = this.#isPeerOpen = true;
    this.#isStopSent = this.#isPeerIdle = false;
    return true;
  }

  #endsOwn(): boolean {
    this.#isOwnOpen = false;
    return true;
  }

  #stops(): boolean {
    const isFirst = !this.#isStopSent;
    this.#isStopSent = true;
    return isFirst;
  }

  #isDone(): boolean {
    if (this.#isPeerIdle) return this.#toIdle();
    this.#state = "done";
    return true;
  }

  #grants(total: number): boolean {
    const isMore = total > this.#granted && total <= this.#receivedBytes + this.#maxWindowBytes;
    this.#granted = total;
    return isMore;
  }
}

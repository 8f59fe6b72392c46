import type { Link, LinkHost, LinkIds, LinkLimits, LinkState, ReservedLink } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import type { Stream } from "../../src/link/stream.ts";
import type { TakeKind } from "../../src/link/take.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";

/** The id that a server's link gets when its stream is over. */
export const NEXT_ID = "0000000b";

/** Half of the window: once this much is consumed, a `credit` is due. */
export const HALF_WINDOW_BYTES = 2_048;

/** Far below the defaults, so that a test fills a window with few bytes. The window does not grow unless a test says so. */
const limits: LinkLimits = {
  receiveLimitBytes: 4_096,
  windowBytes: 2 * HALF_WINDOW_BYTES,
  maxWindowBytes: 2 * HALF_WINDOW_BYTES,
  keepAliveMs: 30_000,
  heartbeatTimeoutMs: 10_000,
};

/** A pool without calls, which records what its links report. */
export class FakeLinkHost implements LinkHost {
  readonly clock: ManualClock;
  readonly batch: TurnBatch;
  readonly limits: LinkLimits;
  readonly ids: LinkIds | undefined;
  readonly traffic = { bytesRead: 0, bytesWritten: 0 };
  /** What was reported, in order, except changes of state. */
  readonly told: string[] = [];
  /** Each change of a link's state. */
  readonly changes: string[] = [];
  /** How often an idle link has given proof of life. */
  proofs = 0;
  /** Whether the accept queue has room. */
  hasRoom = true;
  /** Whether there is room for a stream whose link is closed. */
  keeps = true;
  /** Whether a link whose stream is over is to be closed. */
  isRetiring = false;

  constructor(role: Role, changed: Partial<LinkLimits> = {}, clock: ManualClock = new ManualClock()) {
    this.clock = clock;
    if (role === "server") this.ids = { allocate: () => NEXT_ID, release: (id) => this.told.push(`released ${id}`) };
    this.batch = new TurnBatch(clock);
    this.limits = { ...limits, ...changed };
  }

  linkChanged(link: Link, before: LinkState): void {
    this.changes.push(`${before} -> ${link.state}`);
  }

  linkFree(_link: Link): void {
    this.told.push("free");
  }

  retires(): boolean {
    return this.isRetiring;
  }

  canReserve(kind: TakeKind): boolean {
    return kind === "take" || this.hasRoom;
  }

  reserved(_link: ReservedLink, _stream: Stream, kind: TakeKind): void {
    this.told.push(`reserved by ${kind}`);
  }

  leftBehind(_link: ReservedLink, stream: Stream): void {
    this.told.push(`left ${stream.unreadBytes} bytes`);
  }

  keepCompleted(_link: ReservedLink, _stream: Stream): boolean {
    return this.keeps;
  }

  discarded(_link: Link, bytes: number): void {
    this.told.push(`discarded ${bytes} bytes`);
  }

  provedAlive(_link: Link): void {
    this.proofs++;
  }

  unreserved(_link: ReservedLink): void {
    this.told.push("unreserved");
  }

  givenUp(_link: Link): void {
    this.told.push("given up");
  }

  probing(_link: Link): void {
    this.told.push("probing");
  }

  probed(_link: Link): void {
    this.told.push("probed");
  }

  wanted(count: number): void {
    this.told.push(`wanted ${count}`);
  }
}

import { ConnectionLostError, ConnectionResetError } from "../../src/errors.ts";
import { EarlyStart } from "../../src/link/early_start.ts";
import type { LinkLimits } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import type { Stream } from "../../src/link/stream.ts";
import type { TakeFailure, TakeKind } from "../../src/link/take.ts";
import { Conduct } from "./conduct.ts";
import { PeerEnd } from "./peer_end.ts";
import { WatchedLink } from "./watched_link.ts";

/** The link's first id. */
export const FIRST_ID = "0000000a";

/** The window in the peer's hello: how much may be sent before its first `credit`. */
export const PEER_WINDOW = 2_000;

/** Who holds the link's stream. */
export type Holder = "application" | "pool" | "nobody";

/** How a test's take differs from a plain one. */
export interface TakeOptions {
  readonly early?: boolean;
  readonly metadata?: string;
}

/** What the peer of a rig is like. */
export interface PeerOptions {
  /** Whether it takes bundles and sends them. @default false */
  readonly bundles?: boolean;
}

/** The take that waits for the peer's answer. */
interface OwnTake {
  readonly kind: TakeKind;
  readonly early: EarlyStart | undefined;
  isCallerGone: boolean;
}

/** One link between a fake pool above it and a recording socket below it, whose other end the test plays. */
export class LinkRig extends PeerEnd {
  readonly link: Npws2Link;
  /** Records messages that the link must not send. */
  readonly conduct: Conduct;
  /** The present take, or the latest. */
  own: OwnTake | undefined;
  holder: Holder = "nobody";
  /** The stream that the application holds, or held last. */
  application: Stream | undefined;

  constructor(role: Role, limits?: Partial<LinkLimits>, { bundles = false }: PeerOptions = {}) {
    super(role, limits);
    const conduct = this.conduct = new Conduct(role, PEER_WINDOW, this.host.limits);
    const hello = { window: PEER_WINDOW, pool: "00112233aabbccdd", bundles };
    this.socket.takesBundles = bundles;
    if (bundles) {
      this.link = new WatchedLink(conduct, this.socket, this.host, role, FIRST_ID, hello);
      this.socket.watch({ sent() {}, received() {}, ended: () => conduct.ended() });
    } else {
      this.link = new Npws2Link(this.socket, this.host, role, FIRST_ID, hello);
      this.socket.watch(conduct);
    }
    this.socket.handler = this.link;
  }

  /** The stream that the link carries. */
  get stream(): Stream | undefined {
    return this.link["stream"];
  }

  get row(): string {
    return rowOf(this.link);
  }

  /** Flushes the writes of this turn. */
  turn(): Promise<void> {
    return this.host.clock.advance(0);
  }

  // The pool's part.

  take(kind: TakeKind, { early = false, metadata = "" }: TakeOptions = {}): void {
    const own: OwnTake = { kind, early: early ? new EarlyStart(this.host.batch) : undefined, isCallerGone: false };
    this.own = own;
    if (own.early) this.#give(own.early.stream);
    this.link.take({
      kind,
      metadata,
      early: own.early,
      granted: (link, stream) => {
        this.host.told.push("granted");
        this.holder = own.isCallerGone ? "nobody" : "application";
        if (own.isCallerGone) link.handBack();
        else if (!own.early) this.#give(stream);
      },
      failed: (_link, why: TakeFailure) => this.host.told.push(`failed ${why}`),
    });
  }

  /** The call that asked for the link has ended. */
  callerLeaves(): void {
    this.own!.isCallerGone = true;
    this.own!.early?.abandon(new Error("the caller has gone"));
  }

  /** The application fetches the reserved stream. */
  fetch(): void {
    this.#give(this.stream!);
    this.holder = "application";
    this.link.fetched();
  }

  /** The application did not fetch it in time. */
  expire(): void {
    this.holder = "nobody";
    this.link.neverFetched();
  }

  /** The peer takes the link; no call here has asked for the stream. */
  reserve(kind: TakeKind): void {
    this.holder = "pool";
    this.receive(kind);
  }

  #give(stream: Stream): void {
    this.application = stream;
    const { told } = this.host;
    stream.observe({
      readable: () => told.push("readable"),
      readFailed: (error) => told.push(`read failed: ${describeError(error)}`),
      writeFailed: (error) => told.push(`write failed: ${describeError(error)}`),
      settled() {},
    });
  }
}

/** A link's row of the state table, without `+idle`, which is not visible from outside. */
export function rowOf(link: Npws2Link): string {
  if (link.state !== "inUse") return link.state;
  const { sending, receiving } = link["stream"]!;
  return `${sending === "open" ? "open" : "ended"}/${receiving === "open" ? "open" : "ended"}`;
}

function describeError(error: unknown): string {
  const hasCode = error instanceof ConnectionResetError || error instanceof ConnectionLostError;
  return hasCode ? `${error.name} ${error.code}` : (error as Error).name;
}

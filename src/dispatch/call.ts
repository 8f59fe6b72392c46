import { NotSupportedError, PoolTimeoutError } from "../errors.ts";
import type { EarlyStart } from "../link/early_start.ts";
import type { TakeFailure } from "../link/take.ts";
import type { PoolStats } from "../stats.ts";

/** What a call asks for. */
export type Want =
  | { readonly kind: "any"; readonly peer: string | undefined }
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "open"; readonly peer: string | undefined; readonly metadata: string }
  | { readonly kind: "accept" };

/** How a call waits. */
export interface CallSettings {
  /** Milliseconds; Infinity waits forever. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the application gets its stream before the peer has answered (npws/2). */
  readonly early: boolean;
}

/** One waiting call, with what it has learned so far. */
export interface Call {
  readonly want: Want;
  readonly early: EarlyStart | undefined;
  /** The peer pools that have refused the call, because their accept queues are full. */
  refusedBy: ReadonlySet<string>;
}

/** A new call has been refused by none. */
export const NOBODY: ReadonlySet<string> = new Set();

/** Why there may be no link, for the error message of a call that waited in vain. */
export interface Obstacle {
  readonly what: string;
  readonly error?: unknown;
}

/** Nobody dials or listens, as far as the pool knows. */
export const NOT_STARTED: Obstacle = { what: "start() was not called" };

/**
 * Whether a call may try another link after its take failed. A call without early data always may; for one with early data see
 * docs/wire.md section 2.3, "Early data": its bytes must never arrive twice.
 *
 * @param isServedByPeer The peer's take that crossed this one has reserved the very stream that the call asks for.
 */
export function mayAskAgain({ want, early }: Call, why: TakeFailure, isServedByPeer: boolean): boolean {
  if (!early) return true;
  if (early.isGivenUp) return false;
  if (isServedByPeer) return true;
  if (want.kind !== "open") return false; // the peer's application may know the id
  return why !== "lost" || !early.hasWritten;
}

/** The error of an `open` call when only npws/1 peers are connected. */
export function noOpenError(): NotSupportedError {
  return new NotSupportedError("Cannot open a stream: every connected peer speaks npws/1, which has no open()");
}

/** The error of a call whose deadline has passed. */
export function timeoutError(
  want: Want,
  { timeoutMs, waitedMs }: { readonly timeoutMs: number; readonly waitedMs: number },
  stats: PoolStats,
  obstacle: Obstacle | undefined,
  hasPeer: (name: string) => boolean,
): PoolTimeoutError {
  const { idle, inUse, dialing, waiting } = stats;
  const { what, error: cause } = obstacle ?? {};
  const why = (what ? `; ${what}` : "") + (cause instanceof Error ? `: ${reasonOf(cause)}` : "");
  const message = `${inVain(want, hasPeer)} within ${timeoutMs} ms ` +
    `(idle ${idle}, in use ${inUse}, dialing ${dialing}, waiting ${waiting}${why})`;
  return new PoolTimeoutError(message, waitedMs, stats, { cause });
}

function inVain(want: Want, hasPeer: (name: string) => boolean): string {
  if (want.kind === "id") return `Cannot get link ${want.id}: not offered by the peer`;
  if (want.kind === "accept") return "Cannot accept a stream: the peer opened none";
  const { kind, peer } = want;
  const [what, to] = kind === "open" ? ["open a stream", "to"] : ["get a link", "of"];
  if (peer === undefined) return `Cannot ${what}: none became idle`;
  return `Cannot ${what} ${to} ${peer}: ${
    hasPeer(peer) ? "none of its links became idle" : "no client of that name connected"
  }`;
}

/** A dial failure's bare reason, without "Cannot dial …": the caller knows the URL. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}

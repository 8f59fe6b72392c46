import type { EarlyStart } from "./early_start.ts";
import type { Stream } from "./stream.ts";

/** What a take asks of the peer: to keep the stream for whoever fetches it by id, or to hand it to `accept()`. */
export type TakeKind = "take" | "open";

/**
 * Why a take came to nothing. `crossed`: the peer took the link too, and its take stands. `refused`: its accept queue is full.
 * `left`: the peer closed the link before the take reached it. `lost`: the link broke or was silent, and nobody knows whether
 * the take arrived.
 */
export type TakeFailure = "crossed" | "refused" | "left" | "lost";

/** One take of an idle link, from the question to its answer. On npws/1 there is no question, and the answer is immediate. */
export interface Take {
  readonly kind: TakeKind;
  /** What `open` carries. */
  readonly metadata: Uint8Array;
  /** Set when the application has its stream before the answer. */
  readonly early: EarlyStart | undefined;
  /** The link is this side's, with this stream. */
  granted(link: TakenLink, stream: Stream): void;
  failed(link: TakenLink, why: TakeFailure): void;
}

/** What the taker may do with the link that was asked for. */
export interface TakenLink {
  readonly id: string;
  readonly protocol: 1 | 2;
  /** The client's name, where it told one. */
  readonly peer: string | undefined;
  /** One per pool object of the peer; undefined on npws/1. */
  readonly peerPool: string | undefined;
  /** Gives the stream up that was granted and that nobody wants any more. */
  handBack(): void;
}

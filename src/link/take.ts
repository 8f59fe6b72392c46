import type { EarlyStart } from "./early_start.ts";
import type { Stream } from "./stream.ts";

/** What a take asks the peer to do: keep the stream for whoever fetches it by id, or hand it to `accept()`. */
export type TakeKind = "take" | "open";

/**
 * Why a take failed. `crossed`: the peer took the link too, and its take stands. `refused`: the peer's accept queue is full.
 * `left`: the peer closed the link before the take reached it. `lost`: the link broke or stayed silent, and nobody knows
 * whether the take arrived.
 */
export type TakeFailure = "crossed" | "refused" | "left" | "lost";

/** One take of an idle link, from the request to its answer. On npws/1 there is no request, and the link is granted at once. */
export interface Take {
  readonly kind: TakeKind;
  /** The encoded metadata of `open`. */
  readonly metadata: string;
  /** Set if the application gets its stream before the answer. */
  readonly early: EarlyStart | undefined;
  /** The link was granted and carries this stream. */
  granted(link: TakenLink, stream: Stream): void;
  failed(link: TakenLink, why: TakeFailure): void;
}

/** The taken link, as its taker sees it. */
export interface TakenLink {
  readonly id: string;
  readonly protocol: 1 | 2;
  /** The client's name, if it sent one. */
  readonly peer: string | undefined;
  /** One per pool object of the peer; undefined on npws/1. */
  readonly peerPool: string | undefined;
  /** Gives up the granted stream, because nobody wants it any more. */
  handBack(): void;
}

import type { NetAddress } from "./runtime/socket.ts";

/**
 * The details of a pool's `linkopen` event.
 *
 * @example
 * ```ts
 * import type { LinkOpenDetail } from "@npws/pool";
 *
 * /** A line for a log. *\/
 * export function opened({ id, protocol, peer }: LinkOpenDetail): string {
 *   return `link ${id} of ${peer ?? "somebody"} speaks npws/${protocol}`;
 * }
 * ```
 */
export interface LinkOpenDetail {
  /** The link's id. On npws/2 it changes with each stream. */
  readonly id: string;
  /** The protocol that it speaks. */
  readonly protocol: 1 | 2;
  /** The client's name, if it sent one. */
  readonly peer: string | undefined;
}

/**
 * The details of a pool's `linkclose` event.
 *
 * @example
 * ```ts
 * import type { LinkCloseDetail } from "@npws/pool";
 *
 * /** A line for a log. *\/
 * export function closed({ id, code, inUse }: LinkCloseDetail): string {
 *   return `link ${id} closed with code ${code}${inUse ? ", under a stream" : ""}`;
 * }
 * ```
 */
export interface LinkCloseDetail {
  /** The link's last id; on npws/2 it is not the one that the link was opened with, if it has carried a stream. */
  readonly id: string;
  /** The WebSocket close code; 1006 when the socket was lost. */
  readonly code: number;
  /** The close reason, often empty; if the peer closed, its own words, unchanged. */
  readonly reason: string;
  /** Whether the link carried a stream when it closed. */
  readonly inUse: boolean;
  /** The client's name, if it sent one: use it to find the link's `linkopen` when the id has changed. */
  readonly peer: string | undefined;
}

/**
 * The details of a client pool's `dialerror` event.
 *
 * @example
 * ```ts
 * import type { DialErrorDetail } from "@npws/pool";
 *
 * /** A line for a log. *\/
 * export function failed({ error, attempt, retryInMs }: DialErrorDetail): string {
 *   return `${error.message} (round ${attempt}); trying again in ${Math.round(retryInMs)} ms`;
 * }
 * ```
 */
export interface DialErrorDetail {
  /** What went wrong; `cause` is the runtime's own error. */
  readonly error: Error;
  /**
   * Consecutive rounds of failures, starting at 1; dials that fail while others do belong to one round. The count starts over
   * once there was no round for twice `maxBackoffMs`; brief successes do not reset it.
   */
  readonly attempt: number;
  /** When the next dial starts, in milliseconds from now. */
  readonly retryInMs: number;
}

/**
 * The details of a server pool's `refuse` event.
 *
 * @example
 * ```ts
 * import type { RefuseDetail } from "@npws/pool";
 *
 * /** A line for a log. *\/
 * export function refused({ reason, remoteAddress }: RefuseDetail): string {
 *   return `refused ${remoteAddress?.hostname ?? "a client"}: ${reason}`;
 * }
 * ```
 */
export interface RefuseDetail {
  /** Why the upgrade was refused. */
  readonly reason: "forbidden" | "full" | "unauthorized";
  /** The client's address, determined with `trustedProxies`; undefined if it could not be determined. */
  readonly remoteAddress: NetAddress | undefined;
}

/**
 * The details of a client pool's `resize` event.
 *
 * @example
 * ```ts
 * import type { ResizeDetail } from "@npws/pool";
 *
 * /** A line for a log. *\/
 * export function resized({ capacity, intervalMs }: ResizeDetail): string {
 *   return `keeping ${capacity} links, looking every ${intervalMs} ms`;
 * }
 * ```
 */
export interface ResizeDetail {
  /** The new target number of idle links. */
  readonly capacity: number;
  /** The new creation interval in milliseconds. */
  readonly intervalMs: number;
}

/**
 * The events of a pool.
 *
 * @example
 * ```ts
 * import { type PoolEventMap, ServerPool } from "@npws/pool";
 *
 * const log = ({ type, detail }: PoolEventMap["linkopen" | "linkclose"]) => console.log(type, detail.id);
 *
 * await using pool = new ServerPool();
 * pool.addEventListener("linkopen", log);
 * pool.addEventListener("linkclose", log);
 * ```
 */
export interface PoolEventMap {
  /** A link was opened. */
  linkopen: CustomEvent<LinkOpenDetail>;
  /** A link was closed, for whatever reason. */
  linkclose: CustomEvent<LinkCloseDetail>;
  /** A dial failed (client). */
  dialerror: CustomEvent<DialErrorDetail>;
  /** An upgrade was refused (server). */
  refuse: CustomEvent<RefuseDetail>;
  /** Capacity or interval changed (client). */
  resize: CustomEvent<ResizeDetail>;
}

/**
 * A listener for one of a pool's events.
 *
 * @example
 * ```ts
 * import { type PoolEventListener, ServerPool } from "@npws/pool";
 *
 * const count: PoolEventListener<"refuse"> = ({ detail }) => console.count(detail.reason);
 *
 * await using pool = new ServerPool();
 * pool.addEventListener("refuse", count);
 * ```
 */
export type PoolEventListener<Type extends keyof PoolEventMap> =
  | ((event: PoolEventMap[Type]) => void)
  | { handleEvent(event: PoolEventMap[Type]): void };

/**
 * An EventTarget with typed events, which creates no event that nobody listens for, and tolerates listeners that throw.
 *
 * @example
 * ```ts
 * import { type PoolEvents, ServerPool } from "@npws/pool";
 *
 * /** Resolves at the next link. *\/
 * export function nextLink(events: PoolEvents): Promise<string> {
 *   return new Promise((resolve) => {
 *     events.addEventListener("linkopen", ({ detail }) => resolve(detail.id), { once: true });
 *   });
 * }
 *
 * await using pool = new ServerPool();
 * nextLink(pool).then(console.log);
 * ```
 */
export abstract class PoolEvents extends EventTarget {
  readonly #heard = new Set<string>();
  /** The wrapper that is registered in place of each listener. */
  readonly #guarded = new WeakMap<object, (event: Event) => void>();

  /**
   * Registers a listener, like `EventTarget.addEventListener`. An error that it throws is counted in `errorCount` and written
   * to the console; without this, the runtimes would end the program.
   */
  override addEventListener<Type extends keyof PoolEventMap>(
    type: Type,
    listener: PoolEventListener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.#heard.add(type);
    super.addEventListener(type, listener && this.#guard(listener), options);
  }

  /** Removes a listener, like `EventTarget.removeEventListener`. */
  override removeEventListener<Type extends keyof PoolEventMap>(
    type: Type,
    listener: PoolEventListener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener && this.#guard(listener), options);
  }

  /**
   * Counts a failure.
   *
   * @internal
   */
  protected abstract countError(error: unknown): void;

  /** Notifies the listeners. */
  protected emit<Type extends keyof PoolEventMap>(type: Type, detail: PoolEventMap[Type]["detail"]): void {
    if (this.#heard.has(type)) this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Returns the same wrapper each time: an EventTarget recognizes a listener by its identity. */
  #guard<Type extends keyof PoolEventMap>(listener: PoolEventListener<Type>): (event: Event) => void {
    const known = this.#guarded.get(listener);
    if (known) return known;
    const guarded = (event: Event) => this.#call(listener, event as PoolEventMap[Type]);
    this.#guarded.set(listener, guarded);
    this.#guarded.set(guarded, guarded); // Deno removes the wrapper itself when a listener's signal aborts
    return guarded;
  }

  #call<Type extends keyof PoolEventMap>(listener: PoolEventListener<Type>, event: PoolEventMap[Type]): void {
    try {
      const returned: unknown = typeof listener === "function"
        ? listener.call(this, event)
        : listener.handleEvent(event);
      if (returned instanceof Promise) returned.catch((error) => this.#listenerFailed(error));
    } catch (error) {
      this.#listenerFailed(error);
    }
  }

  #listenerFailed(error: unknown): void {
    this.countError(error);
    console.error(error);
  }
}

import type { NetAddress } from "./runtime/socket.ts";

/**
 * What a pool's `linkopen` event tells.
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
  /** The link's id. On npws/2 it has another one for each stream. */
  readonly id: string;
  /** The protocol that it speaks. */
  readonly protocol: 1 | 2;
  /** The client's name, where it told one. */
  readonly peer: string | undefined;
}

/**
 * What a pool's `linkclose` event tells.
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
  /** The link's last id; on npws/2 not the one that it was opened with, if it has carried a stream. */
  readonly id: string;
  /** The WebSocket close code; 1006 when the socket was lost. */
  readonly code: number;
  /** The close reason, often empty: where the peer closed, its words as they came. */
  readonly reason: string;
  /** Whether the link carried a stream when it closed. */
  readonly inUse: boolean;
  /** The client's name, where it told one: what joins this to the link's `linkopen`, whose id was another one. */
  readonly peer: string | undefined;
}

/**
 * What a client pool's `dialerror` event tells.
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
   * Rounds of failures in a row, from 1: dials that fail while others do are of one round. A row ends when none came for twice
   * `maxBackoffMs`: short successes do not end it.
   */
  readonly attempt: number;
  /** When the next dial starts, in milliseconds from now. */
  readonly retryInMs: number;
}

/**
 * What a server pool's `refuse` event tells.
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
  /** The client's address, as `trustedProxies` tells it; undefined when it could not be told. */
  readonly remoteAddress: NetAddress | undefined;
}

/**
 * What a client pool's `resize` event tells.
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
  /** The new target of idle links. */
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
  /** A link was closed, by whomever. */
  linkclose: CustomEvent<LinkCloseDetail>;
  /** A dial failed (client). */
  dialerror: CustomEvent<DialErrorDetail>;
  /** An upgrade was refused (server). */
  refuse: CustomEvent<RefuseDetail>;
  /** Capacity or interval changed (client). */
  resize: CustomEvent<ResizeDetail>;
}

/**
 * A listener of one of a pool's events.
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
 * An EventTarget that knows its events' types, makes no event that nobody listens to, and bears listeners that throw.
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
  /** What stands in the place of each listener. */
  readonly #guarded = new WeakMap<object, (event: Event) => void>();

  /**
   * Registers a listener, as `EventTarget.addEventListener`. What it throws while it is called is counted in `errorCount` and written
   * to the console, where the runtimes would end the program.
   */
  override addEventListener<Type extends keyof PoolEventMap>(
    type: Type,
    listener: PoolEventListener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.#heard.add(type);
    super.addEventListener(type, listener && this.#guard(listener), options);
  }

  /** Removes a listener, as `EventTarget.removeEventListener`. */
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

  /** Tells the listeners. */
  protected emit<Type extends keyof PoolEventMap>(type: Type, detail: PoolEventMap[Type]["detail"]): void {
    if (this.#heard.has(type)) this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** The same each time: an EventTarget knows a listener again by its identity. */
  #guard<Type extends keyof PoolEventMap>(listener: PoolEventListener<Type>): (event: Event) => void {
    const known = this.#guarded.get(listener);
    if (known) return known;
    const guarded = (event: Event) => this.#call(listener, event as PoolEventMap[Type]);
    this.#guarded.set(listener, guarded);
    this.#guarded.set(guarded, guarded); // Deno removes by it, at the abort of a listener's signal
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

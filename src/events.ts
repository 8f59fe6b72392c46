import type { NetAddress } from "./runtime/socket.ts";

/** What a pool's `linkopen` event tells. */
export interface LinkOpenDetail {
  /** The link's id. */
  readonly id: string;
  /** The protocol that it speaks. */
  readonly protocol: 1 | 2;
  /** The client's name, where it told one. */
  readonly peer: string | undefined;
}

/** What a pool's `linkclose` event tells. */
export interface LinkCloseDetail {
  /** The link's id. */
  readonly id: string;
  /** The WebSocket close code; 1006 when the socket was lost. */
  readonly code: number;
  /** The close reason, often empty: where the peer closed, its words as they came. */
  readonly reason: string;
  /** Whether an application held the link when it closed. */
  readonly inUse: boolean;
}

/** What a client pool's `dialerror` event tells. */
export interface DialErrorDetail {
  /** What went wrong; `cause` is the runtime's own error. */
  readonly error: Error;
  /** Failures in a row, from 1. */
  readonly attempt: number;
  /** When the next dial starts, in milliseconds from now. */
  readonly retryInMs: number;
}

/** What a server pool's `refuse` event tells. */
export interface RefuseDetail {
  /** Why the upgrade was refused. */
  readonly reason: "forbidden" | "full" | "unauthorized";
  /** The client's address, as `trustedProxies` tells it; undefined when it could not be told. */
  readonly remoteAddress: NetAddress | undefined;
}

/** What a client pool's `resize` event tells. */
export interface ResizeDetail {
  /** The new target of idle links. */
  readonly capacity: number;
  /** The new creation interval in milliseconds. */
  readonly intervalMs: number;
}

/** The events of a pool. */
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

/** A listener of one of a pool's events. */
export type PoolEventListener<Type extends keyof PoolEventMap> =
  | ((event: PoolEventMap[Type]) => void)
  | { handleEvent(event: PoolEventMap[Type]): void };

/** An EventTarget that knows its events' types, and makes no event that nobody listens to. */
export class PoolEvents extends EventTarget {
  readonly #heard = new Set<string>();

  /** Registers a listener, as `EventTarget.addEventListener`. What a listener throws goes to the runtime's error reporting. */
  override addEventListener<Type extends keyof PoolEventMap>(
    type: Type,
    listener: PoolEventListener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.#heard.add(type);
    super.addEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }

  /** Removes a listener, as `EventTarget.removeEventListener`. */
  override removeEventListener<Type extends keyof PoolEventMap>(
    type: Type,
    listener: PoolEventListener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }

  /** Tells the listeners. */
  protected emit<Type extends keyof PoolEventMap>(type: Type, detail: PoolEventMap[Type]["detail"]): void {
    if (this.#heard.has(type)) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

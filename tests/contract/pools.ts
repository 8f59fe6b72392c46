import {
  ClientPool,
  type ClientPoolOptions,
  type Pool,
  type PoolEventMap,
  type PoolStats,
  ServerPool,
} from "@npws/pool";
import type { ServerPoolOptions, WebSocketConstructor } from "@npws/pool";
import { type Environment, systemEnvironment } from "../../src/environment.ts";
import { type Clock, systemClock } from "../../src/time/clock.ts";
import { ManualClock } from "../fakes.ts";

/** The sockets that a client can dial with. */
export const transports: { name: string; options: { WebSocket?: WebSocketConstructor } }[] = [
  { name: "the runtime's socket", options: {} },
  { name: "the global WebSocket", options: { WebSocket: globalThis.WebSocket } },
];

/** A clock whose timers the test moves by hand, while turns of the event loop end as they do, for pools on real sockets. */
export class TimersByHand extends ManualClock {
  override endOfTurn(callback: () => void): void {
    setImmediate(callback);
  }
}

/** The runtime's clock, so many times as fast. */
export function hurriedClock(factor: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() * factor,
    setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / factor),
  };
}

// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** A client pool, on another clock where one is given. */
export function clientPool(options: ClientPoolOptions, environment: Partial<Environment> = {}): ClientPool {
  return Reflect.construct(ClientPool, [options, { ...systemEnvironment, ...environment }]);
}

/** A server pool on 127.0.0.1, on another clock where one is given. */
export function serverPool(options: ServerPoolOptions = {}, environment: Partial<Environment> = {}): ServerPool {
  const local = { hostname: "127.0.0.1", ...options };
  return Reflect.construct(ServerPool, [local, { ...systemEnvironment, ...environment }]);
}

/** A server pool and a client of it. */
export interface Pools extends AsyncDisposable {
  readonly server: ServerPool;
  readonly client: ClientPool;
}

/** What the two pools are made with. */
export interface PoolsOptions {
  protocol?: 1 | 2;
  server?: ServerPoolOptions;
  client?: Partial<ClientPoolOptions>;
}

/** Starts two pools that speak one protocol, by default npws/1; the client's first link is idle. Disposing closes both at once. */
export async function startPools({ protocol = 1, ...options }: PoolsOptions = {}): Promise<Pools> {
  const server = serverPool({ protocol, ...options.server });
  await server.start();
  const client = clientPool({ url: urlOf(server), protocol, ...options.client });
  await client.start();
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
    },
  };
}

/** The address to dial a server pool at. */
export function urlOf({ address: { hostname, port } }: ServerPool): string {
  return `ws://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** What the pool's next event of this type tells. */
export function nextEvent<Type extends keyof PoolEventMap>(
  pool: Pool,
  type: Type,
): Promise<PoolEventMap[Type]["detail"]> {
  return new Promise((resolve) => {
    pool.addEventListener(type, (event) => resolve(event.detail as PoolEventMap[Type]["detail"]), { once: true });
  });
}

/** Resolves when the pool's statistics are as wanted; they are looked at whenever a link opened or closed. */
export function until(pool: Pool, isReached: (stats: PoolStats) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const looking = new AbortController();
    // The pool tells of a link before it has put it in its place.
    const look = () => queueMicrotask(() => isReached(pool.stats()) && (looking.abort(), resolve()));
    for (const type of ["linkopen", "linkclose"] as const) {
      pool.addEventListener(type, look, { signal: looking.signal });
    }
    look();
  });
}

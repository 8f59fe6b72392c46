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

/** A clock for pools on real sockets: the test moves its timers by hand, while the turns of the event loop are real. */
export class TimersByHand extends ManualClock {
  override endOfTurn(callback: () => void): void {
    setImmediate(callback);
  }
}

/** The runtime's clock, sped up by this factor. */
export function hurriedClock(factor: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() * factor,
    setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / factor),
  };
}

// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** A client pool, in the given environment. */
export function clientPool(options: ClientPoolOptions, environment: Partial<Environment> = {}): ClientPool {
  return Reflect.construct(ClientPool, [options, { ...systemEnvironment, ...environment }]);
}

/** A server pool on 127.0.0.1, in the given environment. */
export function serverPool(options: ServerPoolOptions = {}, environment: Partial<Environment> = {}): ServerPool {
  const local = { hostname: "127.0.0.1", ...options };
  return Reflect.construct(ServerPool, [local, { ...systemEnvironment, ...environment }]);
}

/** A server pool, and a client pool that dials it. */
export interface Pools extends AsyncDisposable {
  readonly server: ServerPool;
  readonly client: ClientPool;
}

/** The options of the two pools. */
export interface PoolsOptions {
  protocol?: 1 | 2;
  server?: ServerPoolOptions;
  client?: Partial<ClientPoolOptions>;
}

/** Starts two pools on one protocol and waits for the client's first idle link. Disposing closes both pools at once. */
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

/** The URL to dial a server pool at. */
export function urlOf({ address: { hostname, port } }: ServerPool): string {
  return `ws://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** The detail of the pool's next event of this type. */
export function nextEvent<Type extends keyof PoolEventMap>(
  pool: Pool,
  type: Type,
): Promise<PoolEventMap[Type]["detail"]> {
  return new Promise((resolve) => {
    pool.addEventListener(type, (event) => resolve(event.detail as PoolEventMap[Type]["detail"]), { once: true });
  });
}

/** Resolves once the pool's statistics are as wanted. It checks them whenever a link opens or closes. */
export function until(pool: Pool, isReached: (stats: PoolStats) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const looking = new AbortController();
    // The pool announces a link before it has stored it.
    const look = () => queueMicrotask(() => isReached(pool.stats()) && (looking.abort(), resolve()));
    for (const type of ["linkopen", "linkclose"] as const) {
      pool.addEventListener(type, look, { signal: looking.signal });
    }
    look();
  });
}

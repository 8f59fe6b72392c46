import type { ClientPoolOptions, Pool, ServerPoolOptions } from "@npws/pool";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { runtimeName } from "../harness.ts";
import { RemotePool } from "./npws2_remote.ts";
import { clientPool, serverPool, TimersByHand, until } from "./pools.ts";

/** A pool of this process and a connected one in another process. Disposing it ends both at once. */
export interface OpenPair extends AsyncDisposable {
  readonly local: Pool;
  readonly remote: RemotePool;
  /** The server's port, on whichever side the server is. */
  readonly port: number;
}

/** The options of the two pools, whichever process they are in. */
export interface PairOptions {
  client?: Partial<ClientPoolOptions>;
  server?: ServerPoolOptions;
  /** Given the server's port, returns the port that the client dials instead. */
  through?: (port: number) => Promise<number>;
  /** Whether none of the client's timers ever fires, so that the speed of the machine has no influence. */
  timeStandsStill?: boolean;
}

/** The other process's side and runtime. The suite runs on both runtimes, so that each pair has each side here once. */
export interface Pair {
  readonly name: string;
  /** The side of this process. */
  readonly side: "client" | "server";
  readonly remoteRuntime: RuntimeName;
  /** Starts both, and waits until the client's first link is idle on both sides. */
  open(options?: PairOptions): Promise<OpenPair>;
}

/** All pairs that include this process. */
export const pairs: readonly Pair[] = (["client", "server"] as const).flatMap((side) =>
  (["deno", "bun"] as const).map((remoteRuntime): Pair => ({
    name: describe(side, remoteRuntime),
    side,
    remoteRuntime,
    open: (options = {}) => (side === "client" ? openWithClient : openWithServer)(remoteRuntime, options),
  }))
);

function describe(side: Pair["side"], remoteRuntime: RuntimeName): string {
  return side === "client"
    ? `a client on ${runtimeName} and a server on ${remoteRuntime}`
    : `a server on ${runtimeName} and a client on ${remoteRuntime}`;
}

async function openWithClient(runtime: RuntimeName, options: PairOptions): Promise<OpenPair> {
  const { client, server, through, timeStandsStill } = options;
  const remote = new RemotePool(runtime);
  const port = await remote.call("serve", { ...server });
  const environment = timeStandsStill ? { clock: new TimersByHand() } : {};
  const local = clientPool({ url: `ws://127.0.0.1:${await through?.(port) ?? port}`, ...client }, environment);
  await local.start();
  return opened(local, remote, port);
}

async function openWithServer(runtime: RuntimeName, options: PairOptions): Promise<OpenPair> {
  const { client, server, through, timeStandsStill } = options;
  const local = serverPool(server);
  await local.start();
  const { port } = local.address;
  const url = `ws://127.0.0.1:${await through?.(port) ?? port}`;
  const remote = new RemotePool(runtime);
  await remote.call("dial", { url, ...client }, timeStandsStill);
  await until(local, ({ idle }) => idle > 0);
  return opened(local, remote, port);
}

function opened(local: Pool, remote: RemotePool, port: number): OpenPair {
  return {
    port,
    local,
    remote,
    async [Symbol.asyncDispose]() {
      await Promise.all([local.close({ drainMs: 0 }), remote[Symbol.asyncDispose]()]);
    },
  };
}

import { spawnRuntime } from "../tests/spawn_runtime.ts";
import { TunnelProcess } from "../tests/tunnel/tunnel_process.ts";
import type { Ends } from "./bench_case.ts";
import type { Pair } from "./pairs.ts";
import type { TcpLoad, Way } from "./tcp_load.ts";
import type { TcpTarget } from "./tcp_target.ts";

/** The two processes of a tunnel case: the load, and the target that it reaches. */
export type TunnelEnds = Ends<TcpTarget, TcpLoad>;

/** Opens the paths of `openWays`, and one through a tunnel over raw WebSockets. */
export function openWaysAndBare(ends: TunnelEnds, pair: Pair): Promise<AsyncDisposable> {
  return openWays(ends, pair, 0, { bare: openBareTunnel });
}

/** Opens one path to the target, by processes that `opened` ends. */
type OpenWay = (target: number, pair: Pair, delayMs: number, opened: AsyncDisposableStack) => Promise<Way>;

/**
 * Opens the paths to the target: through the tunnel, through two plain relays in a row, and direct. `delayMs` delays the
 * traffic between the two processes of a path by that much in each direction.
 */
export async function openWays(
  { server, client }: TunnelEnds,
  pair: Pair,
  delayMs = 0,
  others: Record<string, OpenWay> = {},
): Promise<AsyncDisposable> {
  const target = await server.call("listen");
  const opened = new AsyncDisposableStack();
  try {
    const ways: Record<string, Way> = { direct: { port: target, pids: [] } };
    for (const [name, open] of Object.entries({ tunnel: openTunnel, relays: openRelays, ...others })) {
      ways[name] = await open(target, pair, delayMs, opened);
    }
    await client.call("use", ways);
    return opened;
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** Opens a path to a port of 127.0.0.1. A delay is added by a separate process, on the runtime that forwards fastest. */
async function lead(port: number, delayMs: number, opened: AsyncDisposableStack): Promise<number> {
  if (delayMs === 0) return port;
  const path = opened.use(spawnRuntime("bun", new URL("delay_path.ts", import.meta.url), [`${port}`, `${delayMs}`]));
  return Number((await path.lines.next()).value);
}

async function openTunnel(target: number, pair: Pair, delayMs: number, opened: AsyncDisposableStack): Promise<Way> {
  const listen = ["--listen", "127.0.0.1:0", "--bind", "127.0.0.1", "--token", "secret", "--tls", "off"];
  const server = opened.use(new TunnelProcess("server", listen, pair.server));
  const [port] = await server.logged(/Listening on 127\.0\.0\.1:(\d+)/);
  const url = `ws://127.0.0.1:${await lead(Number(port), delayMs, opened)}`;
  const connect = ["--server", url, "--token", "secret", "--forward", `0=127.0.0.1:${target}`];
  const client = opened.use(new TunnelProcess("client", connect, pair.client));
  const [publicPort] = await client.logged(/:(\d+) on the server leads to/);
  return { port: Number(publicPort), pids: [server.pid, client.pid] };
}

async function openRelays(target: number, pair: Pair, delayMs: number, opened: AsyncDisposableStack): Promise<Way> {
  const start = async (runtime: Pair["client"], port: number) => {
    const relay = opened.use(spawnRuntime(runtime, new URL("plain_relay.ts", import.meta.url), [`${port}`]));
    return { port: Number((await relay.lines.next()).value), pid: relay.pid };
  };
  const second = await start(pair.client, target);
  const first = await start(pair.server, await lead(second.port, delayMs, opened));
  return { port: first.port, pids: [first.pid, second.pid] };
}

async function openBareTunnel(target: number, pair: Pair, _: number, opened: AsyncDisposableStack): Promise<Way> {
  const program = new URL("bare_tunnel.ts", import.meta.url);
  const server = opened.use(spawnRuntime(pair.server, program, ["server"]));
  const [publicPort, port] = (await server.lines.next()).value.split(" ");
  const client = opened.use(spawnRuntime(pair.client, program, ["client", port, `${target}`]));
  await client.lines.next();
  return { port: Number(publicPort), pids: [server.pid, client.pid] };
}

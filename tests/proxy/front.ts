import type { ClientPool, ClientPoolOptions, ServerPoolOptions } from "@npws/pool";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { RemotePool } from "../contract/npws2_remote.ts";
import { clientPool } from "../contract/pools.ts";
import { clientTls } from "./identity.ts";
import type { FrontOptions, ProxyKind } from "./proxies.ts";
import type { ProxyProcess } from "./proxy_process.ts";

/** A local client pool and, behind a proxy, a server pool in a separate process. Disposing it ends all of them. */
export interface Front extends AsyncDisposable {
  readonly client: ClientPool;
  readonly proxy: ProxyProcess;
  readonly server: RemotePool;
  /** The port of the server pool behind the proxy. */
  readonly port: number;
}

/** Options for all three. */
export interface FrontedPoolsOptions extends Omit<FrontOptions, "pool"> {
  serverRuntime: RuntimeName;
  client?: Partial<ClientPoolOptions>;
  server?: ServerPoolOptions;
}

/** Starts all three; on return the client's first link is idle. */
export async function startFront(kind: ProxyKind, options: FrontedPoolsOptions): Promise<Front> {
  const { serverRuntime, client: clientOptions, server: serverOptions, ...frontOptions } = options;
  await using started = new AsyncDisposableStack();
  const server = started.use(new RemotePool(serverRuntime));
  const port = await server.call("serve", { path: "/links", ...serverOptions });
  const proxy = started.use(await kind.standBefore({ pool: port, ...frontOptions }));
  const client = clientPool({ url: linksUrl(proxy), tls: clientTls, ...clientOptions });
  started.defer(() => client.close({ drainMs: 0 }));
  await client.start();
  const all = started.move();
  return { client, proxy, server, port, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The URL that clients dial to reach the server pool behind a proxy. */
export function linksUrl({ place: { tls } }: ProxyProcess): string {
  return `wss://127.0.0.1:${tls}/links`;
}

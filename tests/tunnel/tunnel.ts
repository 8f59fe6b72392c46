import { runtimeName } from "../harness.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { TunnelProcess } from "./tunnel_process.ts";

/** How a tunnel differs from the default one. */
export interface TunnelOptions {
  /** Arguments of the server, in addition to its address. */
  server?: string[];
  /** Arguments of the client, in addition to the server's address and the forward. */
  client?: string[];
  /** The runtime of the client. @default the one that runs the tests */
  clientRuntime?: RuntimeName;
}

/** A server and a client that forward one public port to a target. */
export interface Tunnel extends AsyncDisposable {
  readonly server: TunnelProcess;
  readonly client: TunnelProcess;
  /** The URL that clients connect to. */
  readonly url: string;
  /** The public port. */
  readonly port: number;
}

/** Starts a tunnel to a port on this machine. */
export async function startTunnel(targetPort: number, options: TunnelOptions = {}): Promise<Tunnel> {
  const processes = new AsyncDisposableStack();
  try {
    const { server, url } = await startServer(options.server);
    processes.use(server);
    const client = processes.use(startClient(url, targetPort, options.client, options.clientRuntime));
    const [port] = await client.logged(/:(\d+) on the server leads to/);
    return { server, client, url, port: Number(port), [Symbol.asyncDispose]: () => processes.disposeAsync() };
  } catch (error) {
    await processes.disposeAsync();
    throw error;
  }
}

/** Starts a server on a port of this machine, 0 for any free one. */
export async function startServer(
  args: string[] = [],
  port = 0,
): Promise<{ server: TunnelProcess; url: string; port: number }> {
  const listen = ["--listen", `127.0.0.1:${port}`, "--bind", "127.0.0.1", "--token", "secret"];
  const tls = args.includes("--tls") ? [] : ["--tls", "off"];
  const server = new TunnelProcess("server", [...listen, ...tls, ...args]);
  try {
    const [bound, scheme] = await server.logged(/Listening on 127\.0\.0\.1:(\d+) \((wss?)/);
    return { server, url: `${scheme}://127.0.0.1:${bound}`, port: Number(bound) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts a client that forwards a free public port, or the one of its own `--forward`, to a port on this machine. */
export function startClient(
  url: string,
  targetPort: number,
  args: string[] = [],
  runtime: RuntimeName = runtimeName,
  token = "secret",
): TunnelProcess {
  const forward = args.includes("--forward") || args.includes("--local")
    ? []
    : ["--forward", `0=127.0.0.1:${targetPort}`];
  return new TunnelProcess("client", ["--server", url, "--token", token, ...forward, ...args], runtime);
}

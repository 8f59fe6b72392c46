import { ClientPool, ServerPool } from "@npws/pool";
import { monitor } from "../monitor.ts";
import type { MonitoredPool } from "../sample.ts";
import { timed } from "../timed_pool.ts";
import { pauseUntil, runLoad } from "./load.ts";
import type { MonitorOptions } from "./options.ts";
import { serve } from "./serve.ts";

/** How long an outage lasts, in milliseconds. */
const OUTAGE_MS = 4_000;

/** The path on which the client's links arrive; the page is on the same port. */
const LINKS_PATH = "/links";

/**
 * Runs two pools, with a monitor next to them, until the signal aborts.
 *
 * @throws {Error} The bind error.
 */
export async function runDemo(
  { hostname, port, rate, outages }: MonitorOptions,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const token = crypto.randomUUID();
  const door = { isOpen: true };
  const server = timed(new ServerPool({ token, authorize: () => door.isOpen }));
  const pools: Record<string, MonitoredPool> = { server };
  const page = monitor(pools);
  const http = serve(hostname, port, (request, serverOrInfo) => {
    if (URL.parse(request.url)?.pathname === LINKS_PATH) return server.fetch(request, serverOrInfo);
    return page(request) ?? new Response("Not Found\n", { status: 404 });
  }, server);
  const client = timed(new ClientPool({ url: urlOf("ws", hostname, http.port) + LINKS_PATH, token, minCapacity: 4 }));
  pools.client = client;
  client.start().catch(() => {}); // it rejects when the signal ends the pool before the first link
  print(`Monitor on ${urlOf("http", hostname, http.port)}/`);
  await Promise.all([runLoad(server, client, rate, signal), runOutages(server, door, outages, signal)]);

  await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
  page[Symbol.dispose](); // before the server, which waits for the event streams
  await http.close();
}

/** Turns the client away from time to time. */
async function runOutages(
  server: ServerPool,
  door: { isOpen: boolean },
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  while (everySeconds > 0 && !signal.aborted) {
    await pauseUntil(everySeconds * 1_000, signal);
    door.isOpen = false;
    await server.flush();
    await pauseUntil(OUTAGE_MS, signal);
    door.isOpen = true;
  }
}

/** A wildcard address cannot be dialed; it includes this machine's loopback address, which can. */
function urlOf(scheme: string, hostname: string, port: number): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[hostname] ?? hostname;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

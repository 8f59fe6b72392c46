import { eventStream } from "./event_stream.ts";
import { Feed } from "./feed.ts";
import { readPageFiles } from "./page_files.ts";
import { formatMetrics, PROMETHEUS_CONTENT_TYPE } from "./prometheus.ts";
import { type MonitoredPool, takeSample } from "./sample.ts";

/** How a monitor is mounted. */
export interface MonitorOptions {
  /**
   * Where it is mounted, with a slash at both ends.
   *
   * @default "/"
   */
  readonly path?: string;
  /**
   * How often viewers get a sample, in milliseconds. A server may close a stream that is silent for longer than its idle
   * timeout, which is 10 s on Bun.
   *
   * @default 1000
   */
  readonly intervalMs?: number;
  /**
   * How many viewers there may be at once.
   *
   * @default 16
   */
  readonly maxViewers?: number;
}

/** Answers requests for the monitor, and returns undefined for all others. Disposing it ends its event streams. */
export interface Monitor extends Disposable {
  (request: Request): Response | undefined;
}

/** How far back the page shows data, in milliseconds. */
const HISTORY_MS = 120_000;

/**
 * A page that draws pools live, and the data that it draws. Mount it next to any pool; it takes samples only while somebody
 * is watching. Anyone who can reach it sees the statistics, so mount it where only you can reach it.
 *
 * - `/`: the page
 * - `/events`: what the page draws, as server-sent events
 * - `/stats`: the statistics as JSON
 * - `/metrics`: the statistics for Prometheus
 *
 * @param pools A pool, or several, keyed by the names that they have on the page and in the metrics.
 * @throws {TypeError} The path lacks a slash at either end.
 */
export function monitor(
  pools: MonitoredPool | Readonly<Record<string, MonitoredPool>>,
  { path = "/", intervalMs = 1_000, maxViewers = 16 }: MonitorOptions = {},
): Monitor {
  if (!/^\/(?:.*\/)?$/.test(path)) {
    throw new TypeError(`Cannot mount the monitor: path must have a slash at both ends, got "${path}"`);
  }
  const named = isPool(pools) ? { pool: pools } : pools;
  const sample = () => takeSample(named);
  const feed = new Feed(sample, { intervalMs, maxViewers, historyLength: Math.ceil(HISTORY_MS / intervalMs) + 1 });
  const routes = new Map<string, () => Response>([
    ...readPageFiles().map(({ name, content, contentType }) =>
      [name, () => textResponse(content, contentType)] as const
    ),
    ["metrics", () => textResponse(formatMetrics(sample().pools), PROMETHEUS_CONTENT_TYPE)],
    ["stats", () => textResponse(JSON.stringify(sample()), "application/json")],
    ["events", () => eventsResponse(feed)],
  ]);
  const handle = (request: Request): Response | undefined => {
    const url = URL.parse(request.url);
    // The runtimes put the Host header into the URL: it may make the URL invalid, or add a path that is not the request's.
    if (!url || /[/?#@\\]/.test(request.headers.get("host") ?? "")) {
      return textResponse("Bad Request\n", "text/plain; charset=utf-8", 400);
    }
    const { pathname } = url;
    // The page's own links are relative and need the trailing slash.
    if (`${pathname}/` === path) return new Response(null, { status: 308, headers: { location: path } });
    const route = pathname.startsWith(path) ? routes.get(pathname.slice(path.length)) : undefined;
    if (route && request.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
    return route?.();
  };
  return Object.assign(handle, { [Symbol.dispose]: () => feed.close() });
}

function isPool(pools: object): pools is MonitoredPool {
  return "stats" in pools && typeof pools.stats === "function";
}

function eventsResponse(feed: Feed): Response {
  if (feed.isFull) return textResponse("Too many viewers\n", "text/plain; charset=utf-8", 503);
  return new Response(eventStream(feed), { headers: headersOf("text/event-stream") });
}

function textResponse(text: string, contentType: string, status = 200): Response {
  return new Response(text, { status, headers: headersOf(contentType) });
}

function headersOf(contentType: string): HeadersInit {
  return {
    "content-type": contentType,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
      "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  };
}

import { assertEquals } from "@std/assert";
import { clientPool, nextEvent, serverPool, transports } from "../contract/pools.ts";
import { runtimeName, test } from "../harness.ts";
import { startTarget } from "../tunnel/target.ts";
import { clientTls } from "./identity.ts";
import { proxyKinds } from "./proxies.ts";
import type { ProxyPlace } from "./proxy_process.ts";

/** The failure reason for each URL, where both proxies refuse in the same way. */
const reasons = {
  "ws://plain/page": "server answered 200 OK",
  "ws://plain/redirect?key=secret": "server answered 301 Moved Permanently",
  "ws://plain/bad": "server answered 400 Bad Request",
  "ws://plain/denied": "server answered 403 Forbidden",
  "ws://plain/missing": "server answered 404 Not Found",
  "ws://plain/maintenance": "server answered 503 Service Unavailable",
  "ws://plain/hung-up": "server answered 502 Bad Gateway",
  "ws://plain/silent": "server answered 504 Gateway Timeout",
  "ws://plain/no-upgrade-asked": "server answered 426 Upgrade Required",
  "ws://plain/no-upgrade-answered": "server answered 101 Switching Protocols without a valid Upgrade header",
  "wss://plain/page": "server does not speak TLS",
  "wss://tls/page": "server answered 200 OK",
};

/** The reasons that differ by proxy. */
const reasonsByProxy = {
  nginx: {
    "ws://plain/down": "server answered 502 Bad Gateway",
    "ws://tls/page": "server answered 400 Bad Request",
  },
  HAProxy: {
    "ws://plain/down": "server answered 503 Service Unavailable",
    "ws://tls/page": "connection closed by the server before the socket was open",
  },
};

/** Details that only the default dialing socket on Deno exposes. */
const shownByWs = {
  "ws://plain/redirect?key=secret": 'server answered 301 Moved Permanently to "https://pool.example.com/redirect?…"',
};

/** Details that Deno's global WebSocket hides. */
const hiddenByDeno = { "wss://tls/page": "the upgrade failed, and the runtime gives no reason" };

for (const { name: proxyName, isAvailable, refuse } of proxyKinds) {
  for (const { name: socketName, options } of transports) {
    test(`${proxyName}: dialing with ${socketName}, every refusal says why`, async () => {
      await using pool = serverPool();
      await pool.start();
      await using silent = await startTarget(() => {});
      await using hungUp = await startTarget((socket) => socket.once("data", () => socket.end()));
      await using proxy = await refuse({ pool: pool.address.port, silent: silent.port, hungUp: hungUp.port });
      const onDeno = options.WebSocket ? hiddenByDeno : shownByWs;
      const expected = { ...reasons, ...reasonsByProxy[proxyName], ...(runtimeName === "deno" ? onDeno : {}) };
      const told: Record<string, string> = {};
      for (const url of Object.keys(expected)) told[url] = await reasonOf(url, proxy.place, options);
      assertEquals(told, expected);
    }, { skip: !isAvailable });
  }
}

/** The reason why a dial fails. The host of the URL names one of the proxy's ports. */
async function reasonOf(
  url: string,
  place: ProxyPlace,
  options: (typeof transports)[number]["options"],
): Promise<string> {
  const dialed = url.replace(/plain|tls/, (port) => `127.0.0.1:${place[port as "plain" | "tls"]}`);
  await using client = clientPool({ url: dialed, tls: url.startsWith("wss:") ? clientTls : "off", ...options });
  client.start();
  const { error } = await nextEvent(client, "dialerror");
  const told = `Cannot dial ${dialed.replace(/\?.*/, "?…")}: `;
  assertEquals(error.message.slice(0, told.length), told);
  return error.message.slice(told.length);
}

import { assertEquals } from "@std/assert";
import { endpointOf } from "../../src/runtime/endpoint.ts";
import type { DialTls } from "../../src/runtime/runtime.ts";
import { test } from "../harness.ts";

const cases: {
  url: string;
  serverName?: string;
  host: string;
  port: number;
  sni: string | undefined;
  certified: string;
}[] = [
  { url: "ws://pool.test/", host: "pool.test", port: 80, sni: "pool.test", certified: "pool.test" },
  { url: "wss://pool.test/", host: "pool.test", port: 443, sni: "pool.test", certified: "pool.test" },
  { url: "wss://pool.test:8443/p?q", host: "pool.test", port: 8443, sni: "pool.test", certified: "pool.test" },
  { url: "wss://192.0.2.1/", host: "192.0.2.1", port: 443, sni: undefined, certified: "192.0.2.1" },
  { url: "wss://[2001:db8::1]/", host: "2001:db8::1", port: 443, sni: undefined, certified: "2001:db8::1" },
  { url: "wss://192.0.2.1/", serverName: "a.test", host: "192.0.2.1", port: 443, sni: "a.test", certified: "a.test" },
];

for (const { url, serverName, host, port, sni, certified } of cases) {
  test(`endpointOf() reads ${url}${serverName ? ` with serverName ${serverName}` : ""}`, () => {
    const tls: DialTls = { mode: "verified", serverName };
    assertEquals(endpointOf({ url, tls, headers: {}, WebSocket: undefined }), {
      host,
      port,
      serverName: sni,
      certificateName: certified,
    });
  });
}

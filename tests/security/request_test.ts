import { assertEquals } from "@std/assert";
import type { ServerPool, ServerPoolOptions } from "@npws/pool";
import { nextEvent, serverPool } from "../contract/pools.ts";
import { test } from "../harness.ts";
import { type Answer, requestUpgrade } from "../npws1_peer.ts";

interface Asked {
  path?: string;
  /** Header lines; a name may occur more than once. */
  headers?: [name: string, value: string][];
}

/** Runs a test that asks a server pool for upgrades, and drops the resulting links at the end. */
async function withServer(
  options: ServerPoolOptions,
  run: (ask: (asked?: Asked) => Promise<Answer>, pool: ServerPool) => Promise<void>,
): Promise<void> {
  await using pool = serverPool(options);
  await pool.start();
  const answers: Answer[] = [];
  const ask = async ({ path, headers = [] }: Asked = {}) => {
    const answer = await requestUpgrade(pool.address.port, { path, headers: repeated(headers) });
    answers.push(answer);
    return answer;
  };
  try {
    await run(ask, pool);
  } finally {
    for (const { link } of answers) link.destroy();
  }
}

/** An object cannot have a name twice, so repeated lines are put into the value of the first one. */
function repeated(headers: [string, string][]): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const [name, value] of headers) {
    lines[name] = name in lines ? `${lines[name]}\r\n${name}: ${value}` : value;
  }
  return lines;
}

test("a Host header brings no request to another path than its own", () => {
  const asked: string[] = [];
  const authorize = ({ url }: Request) => asked.push(url) > 0;
  return withServer({ path: "/links", authorize }, async (ask) => {
    for (const host of ["a/links?", "a/links#", "a/links;", "a?/links", "a#", "a\\links?", "user@a", "user:links@a"]) {
      const headers: [string, string][] = [["Host", host]];
      assertEquals((await ask({ path: "/other", headers })).status, 400, host);
      assertEquals((await ask({ path: "/links", headers })).status, 400, host);
    }
    assertEquals(asked, []);
    for (const host of ["a", "a:80", "127.0.0.1", "[::1]:8080", "xn--bcher-kva.example"]) {
      assertEquals((await ask({ path: "/links", headers: [["Host", host]] })).status, 101, host);
    }
  });
});

const behindProxy = { allow: "192.0.2.7", trustedProxies: "127.0.0.1" };
const forwarded = (...values: string[]) => values.map((value): [string, string] => ["X-Forwarded-For", value]);

test("X-Forwarded-For in several lines is one list: what the client wrote above the proxy's line is not believed", () =>
  withServer(behindProxy, async (ask, pool) => {
    const status = async (...values: string[]) => (await ask({ headers: forwarded(...values) })).status;
    const refused = nextEvent(pool, "refuse");
    assertEquals(await status("192.0.2.7", "203.0.113.1"), 403);
    assertEquals((await refused).remoteAddress, { hostname: "203.0.113.1", port: 0, transport: "tcp" });
    assertEquals(await status("192.0.2.7", "192.0.2.7", "203.0.113.1"), 403);
    assertEquals(await status("192.0.2.7, 192.0.2.7", "203.0.113.1, 127.0.0.1"), 403);
    assertEquals(await status("203.0.113.1", "192.0.2.7"), 101);
  }));

test("X-Forwarded-For that tells no address is refused by allow, and told as unknown", () =>
  withServer(behindProxy, async (ask, pool) => {
    const garbage = [
      "unknown",
      "192.0.2.7,",
      "192.0.2.7 203.0.113.1",
      "192.0.2.07",
      "192.0.2.7.",
      "0xc0000207",
      "3221225991",
      "192.0.2.7/32",
      "::ffff:192.0.2.07",
      "[192.0.2.7",
      "192.0.2.7]:80",
      "192.0.2.7:port",
      "192.0.2.7:123456",
      '"192.0.2.7"',
      "192.0.2.7%eth0",
      "for=192.0.2.7",
      "localhost",
      "192.0.2.7\xa0",
      "192.0.2.7\x0b",
      `${"1,".repeat(2_000)}x`,
    ];
    for (const value of garbage) {
      const refused = nextEvent(pool, "refuse");
      const { status } = await ask({ headers: forwarded("192.0.2.7", value) });
      if (status === 400) continue; // the runtime's server rejects such a header
      assertEquals([status, (await refused).remoteAddress], [403, undefined], JSON.stringify(value));
    }
  }));

test("X-Forwarded-For in every spelling of an address is that address", () =>
  withServer(behindProxy, async (ask) => {
    for (const value of ["192.0.2.7:51234", "[::ffff:192.0.2.7]:1", "::FFFF:C000:207", " 192.0.2.7 ", "[192.0.2.7]"]) {
      assertEquals((await ask({ headers: forwarded(value) })).status, 101, value);
    }
  }));

test("X-Forwarded-For of somebody who is no trusted proxy changes nothing, in however many lines", () =>
  withServer({ allow: "192.0.2.7", trustedProxies: "10.0.0.0/8" }, async (ask) => {
    assertEquals((await ask({ headers: forwarded("192.0.2.7", "192.0.2.7") })).status, 403);
    assertEquals((await ask({ headers: forwarded("192.0.2.7, 10.0.0.1") })).status, 403);
  }));

test("an Origin that is empty, repeated or nearly listed is refused", () =>
  withServer({ origins: ["https://example.com"] }, async (ask) => {
    const status = async (...origins: string[]) =>
      (await ask({ headers: origins.map((origin) => ["Origin", origin]) })).status;
    for (
      const origin of [
        "",
        "null",
        "https://example.com/",
        "https://example.com:443",
        "https://EXAMPLE.com",
        "https://example.com.",
        "https://example.com https://evil.test",
        "https://evil.test?https://example.com",
        "file://",
      ]
    ) assertEquals(await status(origin), 403, origin);
    assertEquals(await status("https://evil.test", "https://example.com"), 403);
    assertEquals(await status("https://example.com", "https://evil.test"), 403);
    assertEquals(await status("https://example.com"), 101);
  }));

test("a token counts in one Authorization header of the scheme Bearer alone", () =>
  withServer({ token: "secret" }, async (ask) => {
    const status = async (...values: string[]) =>
      (await ask({ headers: values.map((value) => ["Authorization", value]) })).status;
    for (
      const value of ["Bearer secret, Bearer x", "Bearer x secret", "Bearer secret x", "Bearer", "Bearer\tsecret x", ""]
    ) assertEquals(await status(value), 401, value);
    assertEquals(await status("Bearer x", "Bearer secret"), 401);
    assertEquals((await ask({ path: "/?token=secret&access_token=secret" })).status, 401);
    assertEquals(
      (await ask({ headers: [["Cookie", "token=secret"], ["Sec-WebSocket-Protocol", "secret"]] })).status,
      401,
    );
    assertEquals(await status("Bearer secret"), 101);
  }));

test("compression that a client offers is not taken: no message grows when it is unpacked", () =>
  withServer({}, async (ask) => {
    const extensions = "permessage-deflate; client_max_window_bits, permessage-deflate, x-webkit-deflate-frame";
    const { status, headers } = await ask({ headers: [["Sec-WebSocket-Extensions", extensions]] });
    assertEquals([status, headers.get("sec-websocket-extensions")], [101, null]);
  }));

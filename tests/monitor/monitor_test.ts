import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Monitor, monitor, type MonitorOptions } from "../../examples/monitor/monitor.ts";
import { test } from "../harness.ts";
import { parseSource } from "../source_file.ts";
import { poolWith, STATISTICS } from "../statistics.ts";
import { EventReader } from "./event_reader.ts";

function ask(handle: Monitor, path: string, method = "GET"): Response | undefined {
  return handle(new Request(`http://localhost${path}`, { method }));
}

function watch(handle: Monitor, path = "/events"): EventReader {
  return new EventReader(ask(handle, path)!);
}

/** A monitor that samples as often as possible. */
function quickMonitor(options: MonitorOptions = {}): Monitor {
  return monitor({ edge: poolWith() }, { intervalMs: 1, ...options });
}

const contentTypes: [path: string, contentType: string][] = [
  ["/", "text/html; charset=utf-8"],
  ["/page.css", "text/css; charset=utf-8"],
  ["/main.js", "text/javascript; charset=utf-8"],
  ["/stats", "application/json"],
  ["/metrics", "text/plain; version=0.0.4; charset=utf-8"],
];

for (const [path, contentType] of contentTypes) {
  test(`monitor() answers ${path} as ${contentType}, not to be kept`, async () => {
    using handle = monitor(poolWith());
    const response = ask(handle, path)!;
    assertEquals([response.status, response.headers.get("content-type")], [200, contentType]);
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals((await response.text()).length > 0, true);
  });
}

test("monitor() serves every file that the page asks for", async () => {
  using handle = monitor(poolWith());
  const pending = [""];
  const seen = new Set(pending);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const text = await ask(handle, `/${name}`)!.text();
    for (const [, found] of text.matchAll(/(?:src=|href=|from )"(?:\.\/)?([\w.]+)"/g)) {
      if (!seen.has(found)) pending.push(found);
      seen.add(found);
    }
  }
  assertEquals([...seen].filter((name) => name.endsWith(".js")).length > 5, true);
});

test("monitor() leaves all other requests to the application", () => {
  using handle = monitor(poolWith(), { path: "/monitor/" });
  for (const path of ["/", "/metrics", "/monitors/", "/monitor/other", "/monitor/page/main.js", "/monitor/../stats"]) {
    assertEquals(ask(handle, path), undefined, path);
  }
  assertEquals(ask(handle, "/monitor/metrics")!.status, 200);
});

test("monitor() leads to the slash that its page's links need", () => {
  using handle = monitor(poolWith(), { path: "/monitor/" });
  const { status, headers } = ask(handle, "/monitor")!;
  assertEquals([status, headers.get("location")], [308, "/monitor/"]);
});

for (const path of ["", "monitor/", "/monitor"]) {
  test(`monitor() refuses to be mounted at "${path}"`, () => {
    assertThrows(() => monitor(poolWith(), { path }), TypeError, `must have a slash at both ends, got "${path}"`);
  });
}

test("monitor() refuses what is no GET, and begins nothing for it", async () => {
  using handle = quickMonitor({ maxViewers: 1 });
  for (const path of ["/", "/events"]) {
    const { status, headers } = ask(handle, path, "POST")!;
    assertEquals([status, headers.get("allow")], [405, "GET"]);
  }
  await using _viewer = watch(handle); // the only viewer's place is still free
});

test("monitor() tells the statistics of one pool, or of several by their names", async () => {
  using one = monitor(poolWith());
  using several = monitor({ north: poolWith(), stats: poolWith({ idle: 1 }) });
  const { at, pools } = await ask(one, "/stats")!.json();
  assertEquals([typeof at, pools], ["number", { pool: STATISTICS }]);
  assertEquals((await ask(several, "/stats")!.json()).pools, { north: STATISTICS, stats: { ...STATISTICS, idle: 1 } });
});

test("monitor() streams a sample at once, and then one after the other", async () => {
  let idle = 0;
  using handle = monitor({ edge: { stats: () => ({ ...STATISTICS, idle: idle++ }) } }, { intervalMs: 1 });
  await using viewer = watch(handle);
  assertEquals(await viewer.next(), { type: "history", data: [] });
  for (const expected of [0, 1, 2]) {
    const { type, data } = (await viewer.next())!;
    assertEquals([type, data.pools.edge.idle], ["message", expected]);
  }
});

test("monitor() tells who comes later what was before", async () => {
  using handle = quickMonitor();
  await using first = watch(handle);
  await first.next();
  const seen = [await first.next(), await first.next()].map((event) => event!.data);
  await using second = watch(handle);
  const { type, data } = (await second.next())!;
  assertEquals([type, data.slice(0, 2)], ["history", seen]);
});

test("monitor() lets only so many look on, and another one when somebody has left", async () => {
  using handle = quickMonitor({ maxViewers: 2 });
  const first = watch(handle);
  await using _second = watch(handle);
  assertEquals(ask(handle, "/events")!.status, 503);
  await first[Symbol.asyncDispose]();
  await using third = watch(handle);
  assertEquals((await third.next())!.type, "history");
});

test("monitor() has no timer when nobody looks on", async () => {
  const handle = quickMonitor(); // not disposed: the harness would see the timer
  await using viewer = watch(handle);
  assertEquals((await viewer.next())!.type, "history");
});

test("monitor() ends its streams when it is disposed, and begins none", async () => {
  const handle = quickMonitor();
  await using viewer = watch(handle);
  handle[Symbol.dispose]();
  let events = 0;
  while (await viewer.next()) events++;
  assertEquals(events, 2);
  assertEquals(ask(handle, "/events")!.status, 503);
});

test("monitor() lets nobody run its page's scripts but itself, nor frame it", () => {
  using handle = monitor(poolWith());
  const policy = ask(handle, "/")!.headers.get("content-security-policy")!;
  assertMatch(policy, /default-src 'none'/);
  assertMatch(policy, /script-src 'self'/);
  assertMatch(policy, /frame-ancestors 'none'/);
});

test("examples/monitor can be copied: all but its demo imports the module and what is beside it", () => {
  const folder = fileURLToPath(new URL("../../examples/monitor/", import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  assertEquals(files.includes("monitor.ts"), true);
  for (const file of files) {
    const { imports, packages } = parseSource(file, readFileSync(folder + file, "utf8"));
    assertEquals(imports.filter((path) => !files.includes(path)), [], file);
    assertEquals(packages.filter((name) => name !== "@npws/pool" && !name.startsWith("node:")), [], file);
  }
});

for (const host of ["x/stats?", "[", "a b"]) {
  test(`monitor() refuses a request whose Host is "${host}": the path in its URL is none that was asked for`, () => {
    using handle = monitor(poolWith());
    const request = { url: `http://${host}/public`, method: "GET", headers: new Headers({ host }) } as Request;
    assertEquals(handle(request)?.status, 400);
  });
}

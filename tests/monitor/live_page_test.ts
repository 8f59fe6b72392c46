import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../examples/monitor/demo/serve.ts";
import { monitor, type MonitorOptions } from "../../examples/monitor/monitor.ts";
import { timed } from "../../examples/monitor/timed_pool.ts";
import { eventually } from "../contract/eventually.ts";
import { startPools } from "../contract/pools.ts";
import { test } from "../harness.ts";
import { isAvailable } from "../debian_programs.ts";
import { Browser } from "./browser.ts";
import { choose, fragment, has, middleOf, says, textOf, tileSays } from "./look.js";
import type { BrowserPage } from "./browser_page.ts";

const skip = !isAvailable("chromium");

/** Starts a monitor of two pools, on its own server. */
async function startMonitor(options: MonitorOptions = {}) {
  const pools = await startPools({ protocol: 2, client: { minCapacity: 3, maxCapacity: 3 } });
  const [server, client] = [timed(pools.server), timed(pools.client)];
  const handle = monitor({ server, client }, { intervalMs: 200, ...options });
  const http = serve("127.0.0.1", 0, handle, server);
  let closed: Promise<void> | undefined;
  const closeServer = () => {
    handle[Symbol.dispose]();
    return closed ??= http.close();
  };
  return {
    ...{ server, client, closeServer },
    url: `http://127.0.0.1:${http.port}/`,
    async [Symbol.asyncDispose]() {
      await closeServer();
      await pools[Symbol.asyncDispose]();
    },
  };
}

async function openPage(browser: Browser, url: string): Promise<BrowserPage> {
  const page = await browser.newPage();
  await page.setScreen({ width: 1000, height: 800, scheme: "light" });
  await page.open(url);
  return page;
}

test("monitor's page follows a pool: idle, in use, taken, failed, and idle again", async () => {
  await using run = await startMonitor();
  await using browser = await Browser.launch();
  const page = await openPage(browser, run.url);
  await page.until(says, "#connection", "Live");
  await page.until(tileSays, "Idle links", "3");
  const [opened, accepted] = await Promise.all([run.server.open(), run.client.accept()]);
  await page.until(tileSays, "In use", "1");
  await run.server.accept({ timeoutMs: 1 }).catch(() => {});
  await page.until(tileSays, "Failures", "1");
  await Promise.all([opened.close(), accepted.close()]);
  await page.until(tileSays, "In use", "0");
  assertEquals(page.problems, []);
}, { skip });

test("monitor's page shows the pool that is chosen, and tells the past where the mouse is", async () => {
  await using run = await startMonitor();
  await using browser = await Browser.launch();
  const page = await openPage(browser, run.url);
  await page.until(tileSays, "Idle links", "target 100");
  await page.run(choose, "client");
  await page.until(tileSays, "Idle links", "target 3");
  assertEquals(await page.run(fragment), "#client");
  assertEquals(await page.run(has, ".told", 0), true);
  await page.until(has, "svg .time", 30);
  const { x, y } = await page.run(middleOf, "svg");
  await page.point(x, y);
  await page.until(has, ".told", 6);
  assertMatch(await page.run(textOf, ".told"), /^(?:−\d+ s|now)$/);
  assertEquals(page.problems, []);
}, { skip });

test("monitor's page tells that it is live or refused, and makes room when it is closed", async () => {
  await using run = await startMonitor({ maxViewers: 1 });
  await using browser = await Browser.launch();
  const first = await openPage(browser, run.url);
  await first.until(says, "#connection", "Live");
  const second = await openPage(browser, run.url);
  await second.until(says, "#connection", "Refused: trying again");
  await first.close();
  await eventually(async () => {
    const { status, body } = await fetch(`${run.url}events`);
    await body!.cancel();
    return status === 200;
  });
}, { skip });

test("monitor's page tells that it has lost its server", async () => {
  await using run = await startMonitor();
  await using browser = await Browser.launch();
  const page = await openPage(browser, run.url);
  await page.until(says, "#connection", "Live");
  await run.closeServer();
  await page.until(says, "#connection", "Connection lost");
}, { skip });

import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { test } from "../harness.ts";
import { proxyKinds } from "./proxies.ts";

for (const { name, isAvailable, standBefore } of proxyKinds) {
  test(`${name}: is told to reload as soon as it runs, and once more`, async () => {
    const proxy = await standBefore({ pool: 1 });
    for (let reloads = 0; reloads < 2; reloads++) {
      await proxy.reload();
      await proxy.workerEnded();
    }
    await proxy[Symbol.asyncDispose]();
    assertEquals(existsSync(proxy.place.folder), false);
  }, { skip: !isAvailable });
}

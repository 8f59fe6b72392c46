import { assertEquals } from "@std/assert";
import { assertSpyCalls, type Spy, spy } from "@std/testing/mock";
import type { PoolConnection } from "@npws/pool";
import { AbortWatch } from "../../src/abort_watch.ts";
import { eachConnection } from "../../src/pool/connection_loop.ts";
import { test } from "../harness.ts";

test("eachConnection() adds no listener to its signal for each connection", async () => {
  const added: Spy[] = [];
  const loop = eachConnection(undefined, ({ signal }) => {
    added.push(spy(signal!, "addEventListener"));
    new AbortWatch(signal!, { aborted() {} }).end();
    added.at(-1)!.restore();
    return {} as PoolConnection;
  });
  for (let i = 0; i < 2; i++) await loop.next();
  assertEquals(added.length, 2);
  for (const each of added) assertSpyCalls(each, 0);
});

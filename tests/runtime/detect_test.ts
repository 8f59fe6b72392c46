import { assertEquals, assertRejects } from "@std/assert";
import { detect, runtime } from "../../src/runtime/detect.ts";
import { runtimeName, test } from "../harness.ts";

test("runtime is the one that the program runs on", () => {
  assertEquals(runtime.name, runtimeName);
});

test("detect() takes Bun for Bun, though Deno was polyfilled", async () => {
  assertEquals((await detect({ Bun: {}, Deno: {} })).name, "bun");
  assertEquals((await detect({ Deno: {} })).name, "deno");
});

test("detect() says where the module runs when it is elsewhere", async () => {
  await assertRejects(() => detect({ process: {} }), Error, "Cannot load @npws/pool: it runs only on Deno and Bun");
});

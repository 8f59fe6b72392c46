import { assertEquals, assertRejects } from "@std/assert";
import { PoolClosedError, ServerPool } from "@npws/pool";
import { test } from "../harness.ts";

test("close() of a server leaves its port free, also while start() is binding it", async () => {
  await using first = new ServerPool({ hostname: "127.0.0.1" });
  await first.start();
  const { port } = first.address;
  await first.close();
  for (let round = 0; round < 5; round++) {
    const pool = new ServerPool({ hostname: "127.0.0.1", port });
    const started = assertRejects(() => pool.start(), PoolClosedError);
    await pool.close();
    await using next = new ServerPool({ hostname: "127.0.0.1", port });
    await next.start();
    assertEquals(next.address.port, port);
    await started;
  }
});

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createServer } from "node:net";
import { readMonitorOptions } from "../../examples/monitor/demo/options.ts";
import type { Sample } from "../../examples/monitor/sample.ts";
import { runtimeName, spawnRuntime, test } from "../harness.ts";
import { runToEnd } from "../run_to_end.ts";
import { EventReader } from "./event_reader.ts";

const program = new URL("../../examples/monitor.ts", import.meta.url);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`examples/monitor: the load is seen by who looks on, and ${signal} ends it all`, async () => {
    await using demo = spawnRuntime(runtimeName, program, ["--port", "0", "--rate", "200", "--outages", "1"]);
    const [, url] = /^Monitor on (\S+)$/.exec((await demo.lines.next()).value)!;
    const viewer = new EventReader(await fetch(`${url}events`));
    for (;;) {
      const { type, data } = (await viewer.next())!;
      if (type === "history") continue;
      const { server, client } = (data as Sample).pools;
      const isUnderLoad = [server, client].every(({ bytesRead, takes }) => bytesRead > 0 && takes!.sumMs > 0);
      if (isUnderLoad && client.dialFailures > 0 && server.refusedUnauthorized > 0) break;
    }
    const metrics = await (await fetch(`${url}metrics`)).text();
    assertMatch(metrics, /^npws_pool_connections_taken_total\{pool="client"\} [1-9]/m);
    demo.kill(signal);
    while (await viewer.next());
    assertEquals(await demo.exited, 0);
  });
}

test("examples/monitor tells its usage", async () => {
  const { exitCode, output, errorOutput } = await runToEnd(program, ["--help"]);
  assertEquals({ exitCode, errorOutput }, { exitCode: 0, errorOutput: "" });
  assertMatch(output, /^Usage: deno run -A examples\/monitor\.ts /m);
});

test("examples/monitor refuses a port in use", async () => {
  const occupant = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => occupant.once("listening", resolve));
  const { port } = occupant.address() as { port: number };
  try {
    const { exitCode, errorOutput } = await runToEnd(program, ["--port", `${port}`]);
    assertEquals([exitCode, errorOutput], [1, `Cannot listen on 127.0.0.1:${port}: address already in use\n`]);
  } finally {
    await new Promise((resolve) => occupant.close(resolve));
  }
});

test("readMonitorOptions() has its defaults, and takes what is given", () => {
  assertEquals(readMonitorOptions([]), { hostname: "127.0.0.1", port: 8440, rate: 20, outages: 30 });
  const given = ["--hostname", "0.0.0.0", "--port", "1", "--rate", "2", "--outages", "0"];
  assertEquals(readMonitorOptions(given), { hostname: "0.0.0.0", port: 1, rate: 2, outages: 0 });
  assertEquals(readMonitorOptions(["-h"]), "help");
});

test("readMonitorOptions() refuses what is wrong", () => {
  assertThrows(
    () => readMonitorOptions(["--rate", "many"]),
    Error,
    'Cannot start: --rate must be an integer from 0 to 1000, got "many"',
  );
  assertThrows(() => readMonitorOptions(["--what"]), Error, "see --help");
});

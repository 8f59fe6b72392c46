import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { connect } from "node:net";
import { runtimeName, spawnRuntime, test } from "../harness.ts";
import { RawClient } from "./raw_client.ts";
import { startEcho } from "./target.ts";
import { startTunnel, type Tunnel } from "./tunnel.ts";

const numbers = { SIGINT: 2, SIGTERM: 15 } as const;

/** An active connection through the tunnel. */
async function connectionThrough({ port }: Tunnel): Promise<RawClient> {
  const connection = await RawClient.connect(port);
  connection.send("before");
  assertEquals(await connection.read(6), "before");
  return connection;
}

for (const side of ["server", "client"] as const) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`tunnel ${side} at ${signal} frees its ports, lets connections end and ends with 0`, async () => {
      await using echo = await startEcho();
      await using tunnel = await startTunnel(echo.port, { [side]: ["--drain", "40"] });
      using connection = await connectionThrough(tunnel);
      tunnel[side].kill(signal);
      await tunnel[side].logged(/^info +Shutting down/);
      let outcome = "";
      while (outcome !== "ECONNREFUSED") {
        // It may be made before the port is freed, and is reset if nobody has accepted it by then.
        using late = await RawClient.connect(tunnel.port).catch(({ code }) => void (outcome = code));
        await late?.readToEnd();
      }
      connection.send("after");
      assertEquals(await connection.read(5), "after");
      connection.endWriting();
      assertEquals(await connection.readToEnd(), { rest: "", end: "end" });
      assertEquals(await tunnel[side].exited, 0);
    });
  }

  test(`tunnel ${side} at a second signal ends at once`, async () => {
    await using echo = await startEcho();
    await using tunnel = await startTunnel(echo.port, { [side]: ["--drain", "40"] });
    using connection = await connectionThrough(tunnel);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      tunnel[side].kill(signal);
      if (signal === "SIGTERM") await tunnel[side].logged(/^info +Shutting down/);
    }
    assertEquals(await tunnel[side].exited, 128 + numbers.SIGINT);
    assertEquals((await connection.readToEnd()).end, "reset");
  });

  test(`tunnel ${side} aborts the connections that outlast --drain`, async () => {
    await using echo = await startEcho();
    await using tunnel = await startTunnel(echo.port, { [side]: ["--drain", "0"] });
    using connection = await connectionThrough(tunnel);
    tunnel[side].kill("SIGTERM");
    assertEquals(await connection.readToEnd(), { rest: "", end: "reset" });
    assertEquals(await tunnel[side].exited, 0);
  });
}

test("tunnel client ends though its target does not answer", async () => {
  await using silent = spawnRuntime(runtimeName, new URL("deaf_listener.ts", import.meta.url));
  const port = Number((await silent.lines.next()).value);
  await using tunnel = await startTunnel(port, { client: ["--drain", "0"] });
  const connections = Array.from({ length: 8 }, () => connect({ host: "127.0.0.1", port: tunnel.port }));
  for (const connection of connections) connection.on("error", () => {}).write("x");
  await new Promise((resolve) => setTimeout(resolve, 500)); // until it is trying to connect
  tunnel.client.kill("SIGTERM");
  assertEquals(await deadline(tunnel.client.exited, 5_000), 0);
  for (const connection of connections) connection.destroy();
});

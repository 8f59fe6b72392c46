import { ClientPool, ConnectionResetError, type PoolConnection } from "@npws/pool";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { ClientSession, type SessionHost } from "../../examples/tunnel/client_session.ts";
import type { ControlChannel } from "../../examples/tunnel/control_channel.ts";
import { Log } from "../../examples/tunnel/log.ts";
import { PortSet } from "../../examples/tunnel/port_set.ts";
import { Splicer } from "../../examples/tunnel/splicer.ts";
import { bytes } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { RawClient } from "../tunnel/raw_client.ts";
import { startEcho } from "../tunnel/target.ts";
import { startClient, startServer, startTunnel } from "../tunnel/tunnel.ts";

/** A client that has the token and does as it likes. */
async function attack(url: string, name: string | undefined, run: (pool: ClientPool) => Promise<void>): Promise<void> {
  const pool = new ClientPool({ url, token: "secret", name });
  await pool.start();
  await run(pool);
  await pool.close({ drainMs: 0 });
}

function open(pool: ClientPool, purpose: unknown): Promise<PoolConnection> {
  return pool.open({ metadata: bytes(JSON.stringify(purpose)) });
}

test("tunnel server has no session with a client whose links have no name: its connections would be others'", async () => {
  const { server, url } = await startServer();
  await using _ = server;
  await attack(url, undefined, async (pool) => {
    const stream = await open(pool, { kind: "control", name: "mallory" });
    const error = await assertRejects(() => stream.readable.getReader().read(), ConnectionResetError);
    assertStringIncludes(error.reason, "does not belong to this tunnel");
    await server.logged(/^warn +Cannot serve stream: its link has no name$/);
  });
});

test("tunnel server lets no client forge a line of its log", async () => {
  const { server, url } = await startServer(["--allow-targets", "*:1"]);
  await using _ = server;
  const forged = "x\n2026-01-01T00:00:00.000Z info  all is well";
  const purposes = [
    { kind: "control", name: forged },
    { kind: "connect", target: { hostname: forged, port: 1 } },
    { kind: forged },
  ];
  await attack(url, "mallory", async (pool) => {
    for (const purpose of purposes) {
      const stream = await open(pool, purpose);
      await assertRejects(() => stream.readable.getReader().read(), ConnectionResetError);
    }
    const control = await open(pool, { kind: "control" });
    await control.writable.getWriter().write(
      bytes(`{"ports":[{"port":1,"hostname":"${"\\n"}info"}],"wantsSources":false}\n`),
    );
    await server.logged(/^warn +mallory: connection lost: Cannot understand control message/);
  });
  assertEquals(server.log.filter((line) => line.includes("all is well") && !line.startsWith("warn")), []);
});

test("tunnel server bears connections that are reset at once, and goes on", async () => {
  await using echo = await startEcho();
  await using tunnel = await startTunnel(echo.port);
  for (let count = 0; count < 200; count++) {
    const socket = connect(tunnel.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
  }
  using client = await RawClient.connect(tunnel.port);
  client.send("still here");
  assertEquals(await client.read(10), "still here");
  assertEquals(tunnel.server.log.filter((line) => !/^(?:info|warn) /.test(line)), []);
});

test("tunnel client shows neither token nor query of the URL, and no line of its server's making", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer();
  await using client = startClient(`${url}/?key=qu3ry`, echo.port, ["-v"]);
  await client.logged(/on the server leads to/);
  server.kill("SIGKILL");
  await client.logged(/^warn +(Lost the server|The server) at ws:\/\/127\.0\.0\.1:\d+\/\?…/);
  await client.logged(/^warn +Cannot dial ws:\/\/127\.0\.0\.1:\d+\/\?…/);
  await server[Symbol.asyncDispose]();
  for (const line of client.log) assertEquals(/qu3ry|secret/.test(line), false, line);
});

test("tunnel server reads no further requests of a client that does not read the answers", async () => {
  let requests = 0;
  const answers: PromiseWithResolvers<void>[] = [];
  const control = {
    async *lines() {
      while (requests < 3) {
        requests++;
        yield JSON.stringify({ ports: [{ port: 9 }, { port: 9 }], wantsSources: false });
      }
    },
    send() {
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
    close: () => Promise.resolve(),
  };
  const host = {
    allowPorts: PortSet.parse("10")!,
    bind: "127.0.0.1",
    splicer: new Splicer(new Log({ write() {} }, false), new AbortController().signal),
  } as unknown as SessionHost;
  const over = new ClientSession("edge", "edge.1", control as unknown as ControlChannel, host, []).run();
  for (let expected = 1; expected <= 6; expected++) {
    await new Promise((resolve) => setTimeout(resolve)); // whatever can proceed has proceeded
    assertEquals([answers.length, requests], [expected, Math.ceil(expected / 2)]);
    answers.at(-1)!.resolve();
  }
  await over;
});

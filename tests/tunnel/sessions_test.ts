import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { ServerPool } from "@npws/pool";
import { once } from "node:events";
import { connect } from "node:net";
import { write, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { RawClient } from "./raw_client.ts";
import { startEcho, startTarget } from "./target.ts";
import { startClient, startServer, startTunnel } from "./tunnel.ts";

/** Asserts that the tunnel carries a connection to an echo target. */
async function assertEchoes(port: number): Promise<void> {
  using client = await RawClient.connect(port);
  client.send("hello");
  assertEquals(await client.read(5), "hello");
}

/** Asserts that nobody accepts a connection. */
async function assertRefused(port: number): Promise<void> {
  const client = await RawClient.connect(port).catch((error) => error);
  assertEquals(client.code, "ECONNREFUSED");
}

test("tunnel client with several forwards gets a port for each", async () => {
  await using first = await startEcho();
  await using second = await startTarget((socket) => void socket.end("from the second"));
  await using tunnel = await startTunnel(first.port, {
    client: ["--forward", `0=127.0.0.1:${first.port}`, "--forward", `127.0.0.1:0=localhost:${second.port}`],
  });
  const [port] = await tunnel.client.logged(/^info +127\.0\.0\.1:(\d+) on the server leads to localhost/);
  for (let i = 0; i < 2; i++) {
    await assertEchoes(tunnel.port);
    using client = await RawClient.connect(Number(port));
    assertEquals(await client.read(15), "from the second");
  }
});

test("tunnel server keeps clients apart by their names", async () => {
  await using one = await startEcho();
  await using other = await startEcho();
  const { server, url } = await startServer();
  await using _ = server;
  await using a = startClient(url, one.port, ["--name", "a"]);
  await using b = startClient(url, other.port, ["--name", "b"]);
  const [ofA] = await a.logged(/:(\d+) on the server/);
  const [ofB] = await b.logged(/:(\d+) on the server/);
  await assertEchoes(Number(ofA));
  await assertEchoes(Number(ofB));
  a.kill("SIGTERM");
  assertEquals(await a.exited, 0);
  await assertRefused(Number(ofA));
  await assertEchoes(Number(ofB));
});

test("tunnel server refuses a port that it does not allow, and the client ends", async () => {
  const { server, url } = await startServer(["--allow-ports", "8000-8001"]);
  await using _ = server;
  await using client = startClient(url, 1, ["--forward", "9000=127.0.0.1:1"]);
  assertEquals(await client.exited, 3);
  await client.logged(/^Cannot listen on port 9000: this server allows only 8000-8001$/);
  await server.logged(/Cannot listen on port 9000/);
});

test("tunnel client asks again for a port that is in use until it gets it", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer();
  await using _ = server;
  await using first = startClient(url, echo.port);
  const [port] = await first.logged(/:(\d+) on the server/);
  await using second = startClient(url, echo.port, ["--forward", `${port}=127.0.0.1:${echo.port}`]);
  await second.logged(
    new RegExp(`^warn +The server reported: Cannot listen on 127.0.0.1:${port}: address already in use; retrying$`),
  );
  first.kill("SIGTERM");
  assertEquals(await first.exited, 0);
  await second.logged(new RegExp(`127.0.0.1:${port} on the server leads to`));
  await assertEchoes(Number(port));
});

test("tunnel client with the name of another one takes its ports over, and the other one ends behind its connections", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer();
  await using _ = server;
  await using first = startClient(url, echo.port, ["--name", "edge-7"]);
  const [port] = await first.logged(/:(\d+) on the server/);
  using earlier = await RawClient.connect(Number(port));
  earlier.send("before");
  assertEquals(await earlier.read(6), "before");
  await using second = startClient(url, echo.port, [
    ...["--name", "edge-7", "--forward", `${port}=127.0.0.1:${echo.port}`],
  ]);
  await second.logged(/on the server leads to/);
  await first.logged(/^info +Shutting down/);
  earlier.send("after");
  assertEquals(await earlier.read(5), "after");
  earlier.endWriting();
  assertEquals(await first.exited, 3);
  await first.logged(/^Cannot continue: another client with the same name has taken over$/);
  await assertEchoes(Number(port));
});

test("tunnel client with a wrong token ends", async () => {
  const { server, url } = await startServer();
  await using _ = server;
  await using client = startClient(url, 1, ["--name", "x"], undefined, "wrong");
  assertEquals(await client.exited, 3);
  await client.logged(/^Cannot dial ws:.*: server answered 401 Unauthorized$/);
  await server.logged(/^warn +Refused a client from 127\.0\.0\.1: unauthorized$/); // no port: repeats are counted
});

test("tunnel client tells a server of npws/1 from one that has a tunnel, and ends", async () => {
  await using pool = new ServerPool({ hostname: "127.0.0.1", protocol: 1 });
  await pool.start();
  await using client = startClient(`ws://127.0.0.1:${pool.address.port}`, 1);
  assertEquals(await client.exited, 3);
  await client.logged(
    /^Cannot tunnel through ws:.*: the server speaks only npws\/1, which does not support the tunnel$/,
  );
});

test("tunnel client with --local leads a port of its own to a target of the server", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer(["--allow-targets", `localhost:${echo.port}`]);
  await using _ = server;
  await using client = startClient(url, 0, [
    ...["--name", "edge-7", "--local", `0=localhost:${echo.port}`, "--local", `0=127.0.0.1:${echo.port}`],
  ]);
  const [allowed] = await client.logged(/127\.0\.0\.1:(\d+) leads to localhost:\d+ from the server/);
  const [forbidden] = await client.logged(/127\.0\.0\.1:(\d+) leads to 127\.0\.0\.1:\d+ from the server/);
  await assertEchoes(Number(allowed));
  using refused = await RawClient.connect(Number(forbidden));
  assertEquals(await refused.readToEnd(), { rest: "", end: "reset" });
  const why = `Cannot connect to 127.0.0.1:${echo.port}: this server does not allow that target`;
  assertEquals(await client.logged(/^warn +the server: (.*)/), [why]);
  assertMatch((await server.logged(/^warn +(.*)/))[0], new RegExp(`^edge-7\\.[0-9a-f]{8}: ${why}`));
});

test("tunnel client ends when a port of its own is in use", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer();
  await using _ = server;
  await using client = startClient(url, 0, ["--local", `${echo.port}=127.0.0.1:1`]);
  assertEquals(await client.exited, 1);
  await client.logged(new RegExp(`^Cannot listen on 127.0.0.1:${echo.port}: address already in use$`));
});

test("tunnel server ends when its port is in use", async () => {
  await using echo = await startEcho();
  const error = await startServer([], echo.port).catch((error) => error);
  assertMatch(error.message, new RegExp(`Cannot listen on 127.0.0.1:${echo.port}: address already in use`));
});

test("tunnel client comes back soon to a server that it has lost, however often", async () => {
  await using server = new ServerPool({ hostname: "127.0.0.1" });
  await server.start();
  await using client = startClient(`ws://127.0.0.1:${server.address.port}`, 1);
  for (let times = 0; times < 8; times++) {
    const control = await deadline(server.accept(), 3_000);
    await write(control, `${JSON.stringify({ kind: "listening", index: 0, address: "127.0.0.1:1" })}\n`);
    await client.logged(/on the server leads to/);
    control.abort();
  }
  await server.close({ drainMs: 0 });
});

test("tunnel client that leaves and is refused meanwhile ends with 0 and asks for nothing more", async () => {
  await using server = new ServerPool({ hostname: "127.0.0.1" });
  await server.start();
  await using client = startClient(`ws://127.0.0.1:${server.address.port}`, 1);
  const control = await deadline(server.accept(), 5_000);
  const reader = control.readable.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read(); // the request for its ports
  await write(control, `${JSON.stringify({ kind: "listening", index: 0, address: "127.0.0.1:1" })}\n`);
  await client.logged(/on the server leads to/); // otherwise the signal might arrive before the session exists
  client.kill("SIGTERM");
  while (!(await reader.read()).done); // the end of its direction: it is leaving
  const refusals = [false, true].map((isFinal) => ({ kind: "refused", index: 0, reason: "no", isFinal }));
  await writeAndClose(control, refusals.map((refusal) => `${JSON.stringify(refusal)}\n`).join(""));
  assertEquals(await client.exited, 0);
  assertEquals(client.log.filter((line) => /The server reported|^no$/.test(line)), []);
  await server.close({ drainMs: 0 });
});

test("tunnel with --verbose logs who connected, on the side that has it", async () => {
  await using echo = await startEcho();
  for (const [server, client] of [[[], ["--verbose"]], [["--verbose"], []]]) {
    await using tunnel = await startTunnel(echo.port, { server, client });
    const socket = connect(tunnel.port, "127.0.0.1");
    await once(socket, "connect");
    const from = `connection from 127\\.0\\.0\\.1:${socket.localPort} to 127\\.0\\.0\\.1:`;
    socket.end("1");
    await once(socket.resume(), "close");
    const [verbose, silent, to] = client.length > 0
      ? [tunnel.client, tunnel.server, `${echo.port}`]
      : [tunnel.server, tunnel.client, `${tunnel.port} through .+`];
    await verbose.logged(new RegExp(`^debug Opened ${from}${to}$`));
    await verbose.logged(new RegExp(`^debug Closed ${from}${to}: 1 bytes in, 1 bytes out$`));
    assertFalse(silent.log.some((line) => line.startsWith("debug")));
  }
});

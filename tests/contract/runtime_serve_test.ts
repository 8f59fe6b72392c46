import { assert, assertEquals, assertMatch, assertRejects, assertThrows, unreachable } from "@std/assert";
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runtimePath } from "../../scripts/runtime_path.ts";
import { PoolError } from "../../src/errors.ts";
import { runtime } from "../../src/runtime/detect.ts";
import type { RequestHandler, UpgradeEnd } from "../../src/runtime/runtime.ts";
import type { NetAddress } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";
import { requestUpgrade } from "../npws1_peer.ts";
import { dial, dialTo, Recorder, UpgradingServer } from "./sockets.ts";

const isBun = runtime.name === "bun";
const anyPort = { hostname: "127.0.0.1", port: 0, tls: undefined };
const ok: RequestHandler = () => new Response("ok");
const ignored: UpgradeEnd = { opened() {}, failed() {} };
/** For an upgrade that must throw: it is not notified then. */
const unexpected: UpgradeEnd = { opened: () => unreachable(), failed: () => unreachable() };

for (const [hostname, host] of [["127.0.0.1", "127.0.0.1"], ["::1", "[::1]"]]) {
  test(`serve() listens on ${hostname}, and tells the port that the system chose`, async () => {
    await using server = await UpgradingServer.listen({ hostname });
    assertEquals(server.address, { hostname, port: server.port, transport: "tcp" });
    assert(server.port > 0);
    const client = await dial(dialTo(`ws://${host}:${server.port}/`));
    const socket = await server.nextSocket();
    assertEquals(socket.remoteAddress?.hostname, hostname);
    if (client.localAddress) assertEquals(socket.remoteAddress, client.localAddress);
    client.terminate();
  });

  test(`serve() rejects in words when a port of ${hostname} is in use`, async () => {
    const first = await runtime.serve({ ...anyPort, hostname }, ok);
    const { port } = first.address;
    const error = await assertRejects(() => runtime.serve({ ...anyPort, hostname, port }, ok), PoolError);
    assertEquals(error.message, `Cannot listen on ${host}:${port}: address already in use`);
    assertEquals((error.cause as { code: string }).code, "EADDRINUSE");
    await first.close();
  });
}

test("serve() rejects in words when the address is not this machine's", async () => {
  const error = await assertRejects(() => runtime.serve({ ...anyPort, hostname: "192.0.2.1" }, ok), PoolError);
  assertEquals(error.message, "Cannot listen on 192.0.2.1:0: address not available");
});

test("serve() tells where a host name has led it, and that another one leads nowhere", async () => {
  const listener = await runtime.serve({ ...anyPort, hostname: "localhost" }, ok);
  assert(["127.0.0.1", "::1"].includes(listener.address.hostname), listener.address.hostname);
  await listener.close();
  const error = await assertRejects(
    () => runtime.serve({ ...anyPort, hostname: "no-such-host.invalid" }, ok),
    PoolError,
  );
  assertMatch(
    error.message,
    /^Cannot listen on no-such-host.invalid:0: .*(?:Name or service not known|does not resolve)/,
  );
});

test("serve() tells a client nothing of what its handler throws", async () => {
  const listener = await runtime.serve(anyPort, () => {
    throw new Error("a secret of the handler");
  });
  const response = await fetch(`http://127.0.0.1:${listener.address.port}/`);
  const body = await response.text();
  assertEquals([response.status, body.includes("secret"), body.length < 100], [500, false, true]);
  await listener.close();
});

test("Listener.close() frees the port and drops what is left, whoever it waits for", async () => {
  const never = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const listener = await runtime.serve(anyPort, (request, serverOrInfo) => {
    if (request.headers.has("upgrade")) return runtime.upgrade(request, serverOrInfo, undefined, ignored);
    asked.resolve();
    return new URL(request.url).pathname === "/never" ? never.promise : new Response("ok");
  });
  const { port } = listener.address;
  const { link: webSocket } = await requestUpgrade(port);
  const idle = await requestOver(port, "/");
  await idle.answered;
  const unanswered = await requestOver(port, "/never");
  await asked.promise;
  await listener.close();
  const again = await runtime.serve({ ...anyPort, port }, ok);
  await Promise.all([idle.closed, unanswered.closed, webSocket.readClose()]);
  await again.close();
  never.resolve(new Response("too late"));
});

test("Listener.close() tells the close to the sockets that it drops", async () => {
  const server = await UpgradingServer.listen();
  const { link } = await requestUpgrade(server.port);
  const heard = new Recorder();
  (await server.nextSocket()).handler = heard;
  await server[Symbol.asyncDispose]();
  await link.readClose();
  link.destroy();
  assert("code" in await heard.next());
});

test("remoteAddress() tells who asks, an IPv4 client as IPv4 even on an IPv6 socket", async () => {
  const seen: (NetAddress | undefined)[] = [];
  const listener = await runtime.serve({ ...anyPort, hostname: "::" }, (request, serverOrInfo) => {
    seen.push(runtime.remoteAddress(request, serverOrInfo));
    return new Response("ok");
  });
  for (const hostname of ["127.0.0.1", "::1"]) {
    const { link } = await requestUpgrade(listener.address.port, { hostname });
    link.destroy();
  }
  assertEquals(seen.map((address) => address?.hostname), ["127.0.0.1", "::1"]);
  assert(seen.every((address) => address!.port > 0));
  await listener.close();
});

test("remoteAddress() is undefined without what the runtime's server passes", () => {
  const request = new Request("http://localhost/");
  assertEquals([undefined, {}, "x"].map((second) => runtime.remoteAddress(request, second)), [
    undefined,
    undefined,
    undefined,
  ]);
});

test("upgrade() throws for a request that is no WebSocket handshake", async () => {
  let thrown: unknown;
  const listener = await runtime.serve(anyPort, (request, serverOrInfo) => {
    thrown = assertThrows(() => runtime.upgrade(request, serverOrInfo, undefined, unexpected));
    return new Response("no", { status: 426, headers: { connection: "close" } });
  });
  assertEquals(await (await fetch(`http://127.0.0.1:${listener.address.port}/`)).text(), "no");
  assert(thrown instanceof Error);
  await listener.close();
});

test("a server's socket tells that its link is encrypted by its tls alone", async () => {
  await using server = await UpgradingServer.listen();
  const { link } = await requestUpgrade(server.port);
  assertEquals((await server.nextSocket()).tls, undefined);
  link.destroy();
});

if (isBun) {
  test("upgrade() opens the socket before it returns, so that what is sent then leaves with the answer", async () => {
    const order: string[] = [];
    const listener = await runtime.serve(anyPort, (request, server) => {
      const response = runtime.upgrade(request, server, undefined, { ...ignored, opened: () => order.push("opened") });
      order.push("returned");
      return response;
    });
    const { link } = await requestUpgrade(listener.address.port);
    assertEquals(order, ["opened", "returned"]);
    link.destroy();
    await listener.close();
  });

  test("upgrade() throws when the client went away before the answer", async () => {
    const asked = Promise.withResolvers<void>();
    const thrown = Promise.withResolvers<unknown>();
    const listener = await runtime.serve(anyPort, async (request, server) => {
      asked.resolve();
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      thrown.resolve(assertThrows(() => runtime.upgrade(request, server, undefined, unexpected)));
      return new Response();
    });
    const client = connect(listener.address.port, "127.0.0.1");
    client.write(upgradeRequest);
    await asked.promise;
    client.destroy();
    assert(await thrown.promise instanceof Error);
    await listener.close();
  });

  test("websocket leaves sockets that are not the module's to the application", async () => {
    // deno-lint-ignore no-explicit-any -- Bun's types are not installed
    const { Bun } = globalThis as any;
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      // deno-lint-ignore no-explicit-any
      fetch: (request: Request, server: any) => void server.upgrade(request, { data: { own: true } }),
      websocket: runtime.websocket(),
    });
    const { link } = await requestUpgrade(server.port);
    await link.send("nobody listens");
    await link.sendClose(1000);
    assertEquals((await link.readClose()).code, 1000);
    link.destroy();
    await server.stop(true);
  });
} else {
  test("websocket is empty on Deno", () => assertEquals(runtime.websocket(), {}));

  test("a program that only serves needs no permission but the network", async () => {
    const file = fileURLToPath(new URL("../peers/serve_only.ts", import.meta.url));
    const args = ["run", "--quiet", "--no-check", "--no-prompt", "--allow-net=127.0.0.1", file];
    const { stdout } = await promisify(execFile)(runtimePath("deno"), args);
    assertEquals(stdout, "served\n");
  });
}

const upgradeRequest = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** Sends a plain request over a keep-alive connection. */
async function requestOver(port: number, path: string): Promise<{ answered: Promise<void>; closed: Promise<void> }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // the close follows
  const answered = new Promise<void>((resolve) => socket.once("data", () => resolve()));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, () => resolve())
  );
  return { answered, closed };
}

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as NetSocket } from "node:net";
import { WebSocket as WsWebSocket } from "ws";
import { NotSupportedError } from "../../src/errors.ts";
import { runtime } from "../../src/runtime/detect.ts";
import type { DialOptions, DialTls, WebSocketConstructor } from "../../src/runtime/runtime.ts";
import { test } from "../harness.ts";
import { glued, Npws1Server } from "../npws1_peer.ts";
import { dial, dialTo, Recorder, UpgradingServer } from "./sockets.ts";

const isBun = runtime.name === "bun";
const verified: DialTls = { mode: "verified" };

/** An arbitrary constructor with the interface of WebSocket. */
class OwnWebSocket extends WebSocket {}

test("dial() keeps a message that came with the answer to the upgrade", async () => {
  await using server = await Npws1Server.listen(glued);
  for (const WebSocket of [undefined, globalThis.WebSocket, OwnWebSocket]) {
    const socket = await dial(dialTo(server.url, { WebSocket }));
    const heard = new Recorder();
    socket.handler = heard;
    const told = await heard.next();
    assert("message" in told && told.message.length === 4);
    socket.terminate();
    (await server.nextLink()).destroy();
  }
});

test("dial() takes an answer that comes after an interim one, and in pieces", async () => {
  await using server = await Npws1Server.listen(async ({ link, accept }) => {
    await link.write(new TextEncoder().encode("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    for (const byte of accept) await link.write(Uint8Array.of(byte));
  });
  const socket = await dial(dialTo(server.url));
  socket.terminate();
  (await server.nextLink()).destroy();
});

test("dial() sends the headers", async () => {
  const requests: string[] = [];
  await using server = await Npws1Server.listen(({ link, accept, request }) => {
    requests.push(request);
    return link.write(accept);
  });
  for (const WebSocket of [undefined, globalThis.WebSocket]) {
    const socket = await dial(dialTo(server.url, { WebSocket, headers: { authorization: "Bearer secret" } }));
    socket.terminate();
    (await server.nextLink()).destroy();
  }
  assertEquals(requests.map((request) => /^authorization: Bearer secret\r?$/im.test(request)), [true, true]);
});

test("dial() offers neither compression nor a subprotocol", async () => {
  const requests: string[] = [];
  await using server = await Npws1Server.listen(({ link, accept, request }) => {
    requests.push(request);
    return link.write(accept);
  });
  (await dial(dialTo(server.url))).terminate();
  assertEquals(/sec-websocket-(extensions|protocol)/i.exec(requests[0]), null);
});

test("dial() tells both addresses where the runtime does", async () => {
  await using server = await Npws1Server.listen(({ link, accept }) => link.write(accept));
  const socket = await dial(dialTo(server.url));
  const { remotePort } = await server.nextLink();
  const expected = (port: number) => isBun ? undefined : { hostname: "127.0.0.1", port, transport: "tcp" as const };
  assertEquals(socket.localAddress, expected(remotePort));
  assertEquals(socket.remoteAddress, expected(server.port));
  socket.terminate();
});

// Reasons.

const reasons: { answer: string; reason: string }[] = [
  { answer: "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", reason: "server answered 401 Unauthorized" },
  { answer: "HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nbody", reason: "server answered 403 Forbidden" },
  {
    answer: "HTTP/1.1 503 Whatever\r\ncontent-length: 0\r\n\r\n",
    reason: "server answered 503 Service Unavailable",
  },
  { answer: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", reason: "server answered 200 OK" },
  {
    answer: "HTTP/1.1 301 Moved\r\nlocation: https://pool.test/links?key=secret\r\ncontent-length: 0\r\n\r\n",
    reason: `server answered 301 Moved Permanently${isBun ? "" : ' to "https://pool.test/links?…"'}`, // Bun hides the header
  },
  {
    answer: "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n",
    reason: "server answered 101 Switching Protocols without a valid Upgrade header",
  },
  {
    answer: `HTTP/1.1 403 Forbidden\r\n${"name: value\r\n".repeat(10_000)}\r\n`,
    reason: "server answered with a head that is too long",
  },
  { answer: "HTTP/1.1 403 Forbidden\ncontent-length: 0\n\n", reason: "server answered 403 Forbidden" },
  { answer: "SSH-2.0-OpenSSH_9.2\r\n", reason: "server does not speak HTTP" },
  { answer: "", reason: "connection closed by the server before the socket was open" },
];

for (const { answer, reason } of reasons) {
  test(`dial() rejects with "${reason}"`, async () => {
    await using server = await TcpServer.listen((socket) => socket.once("data", () => socket.end(answer)));
    const error = await assertRejects(() => dial(dialTo(`ws://127.0.0.1:${server.port}/`)), Error);
    assertEquals(error.message, reason);
  });
}

const wrong: Record<string, (accept: string) => string> = {
  Upgrade: (accept) => accept.replace(/upgrade: websocket/i, "upgrade: h2c"),
  "Sec-WebSocket-Accept": (accept) => accept.replace(/(sec-websocket-accept: )./i, "$1!"),
  "Sec-WebSocket-Extensions": (accept) => accept.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x-snappy\r\n\r\n"),
  "Sec-WebSocket-Protocol": (accept) => accept.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
};

for (const [header, change] of Object.entries(wrong)) {
  test(`dial() takes no answer with a wrong ${header} header, and leaves nothing open`, async () => {
    await using server = await Npws1Server.listen(({ link, accept }) =>
      link.write(new TextEncoder().encode(change(new TextDecoder().decode(accept))))
    );
    const error = await assertRejects(() => dial(dialTo(server.url)), Error);
    const isUnasked = /Extensions|Protocol/.test(header);
    const what = isUnasked ? `with a ${header} header that was not requested` : `without a valid ${header} header`;
    assertEquals(error.message, `server answered 101 Switching Protocols ${what}`);
    assertEquals((await (await server.nextLink()).readClose()).code, 1006);
  });
}

test('dial() rejects with "connection refused"', async () => {
  const server = await TcpServer.listen(() => {});
  await server[Symbol.asyncDispose]();
  const error = await assertRejects(() => dial(dialTo(`ws://127.0.0.1:${server.port}/`)), Error);
  assertEquals([error.message, (error.cause as { code: string }).code], ["connection refused", "ECONNREFUSED"]);
});

test('dial() rejects with "name not resolved" and the name', async () => {
  const error = await assertRejects(() => dial(dialTo("ws://nowhere.invalid/")), Error);
  assertEquals(error.message, "name not resolved: nowhere.invalid");
});

// Aborting.

const phases: { phase: string; url: (port: number) => string; greet: (socket: NetSocket) => void; tls?: DialTls }[] = [
  { phase: "the upgrade is not answered", url: (port) => `ws://127.0.0.1:${port}/`, greet: () => {} },
  {
    phase: "the TLS handshake is not answered",
    url: (port) => `wss://localhost:${port}/`,
    greet: () => {},
    tls: verified,
  },
  {
    phase: "the TLS handshake for a pin is not answered",
    url: (port) => `wss://localhost:${port}/`,
    greet: () => {},
    tls: { mode: "self-signed", pinSha256: ["0".repeat(64)] },
  },
  {
    phase: "the answer to the upgrade is not complete",
    url: (port) => `ws://127.0.0.1:${port}/`,
    greet: (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"),
  },
];

for (const { phase, url, greet, tls } of phases) {
  const takesTls = isBun || tls?.mode !== "self-signed";
  for (const WebSocket of takesTls ? [undefined, globalThis.WebSocket] : [undefined]) {
    const way = WebSocket ? " through the global WebSocket" : "";
    test(`dial()${way} rejects with the signal's reason while ${phase}, and leaves nothing open`, async () => {
      const asked = Promise.withResolvers<NetSocket>();
      await using server = await TcpServer.listen((socket) =>
        socket.once("data", () => {
          greet(socket);
          asked.resolve(socket);
        })
      );
      const controller = new AbortController();
      const dialing = dial(dialTo(url(server.port), { tls, WebSocket }), controller.signal);
      const peer = await asked.promise;
      const closed = new Promise((resolve) => peer.once("close", resolve));
      const reason = new Error("no longer wanted");
      controller.abort(reason);
      assertEquals(await dialing.catch((error) => error), reason);
      await closed;
    });
  }
}

test("dial() rejects with the signal's reason when it aborts in the turn of the call", async () => {
  await using server = await TcpServer.listen(() => {});
  for (const WebSocket of [undefined, globalThis.WebSocket]) {
    for (const host of ["127.0.0.1", "localhost"]) {
      const controller = new AbortController();
      const dialing = dial(dialTo(`ws://${host}:${server.port}/`, { WebSocket }), controller.signal);
      controller.abort("at once");
      assertEquals(await dialing.catch((reason) => reason), "at once");
    }
  }
});

test("dial() connects to nobody when the signal is aborted already", async () => {
  let connections = 0;
  await using server = await TcpServer.listen(() => connections++);
  for (const WebSocket of [undefined, globalThis.WebSocket, OwnWebSocket]) {
    const dialing = dial(dialTo(`ws://127.0.0.1:${server.port}/`, { WebSocket }), AbortSignal.abort("too late"));
    assertEquals(await dialing.catch((reason) => reason), "too late");
  }
  assertEquals(connections, 0);
});

test("a signal that aborts after the dial does nothing to its socket", async () => {
  await using server = await UpgradingServer.listen();
  for (const WebSocket of [undefined, globalThis.WebSocket, OwnWebSocket]) {
    const controller = new AbortController();
    const socket = await dial(dialTo(`ws://127.0.0.1:${server.port}/`, { WebSocket }), controller.signal);
    const heard = new Recorder();
    socket.handler = heard;
    controller.abort();
    (await server.nextSocket()).send("still here");
    assertEquals(await heard.next(), { message: "still here" });
    socket.terminate();
  }
});

test("a server that breaks the protocol only ends the socket", async () => {
  await using server = await Npws1Server.listen(({ link, accept }) => link.write(accept));
  const constructors = [undefined, globalThis.WebSocket, WsWebSocket as unknown as WebSocketConstructor];
  for (const WebSocket of constructors) {
    const socket = await dial(dialTo(server.url, { WebSocket }));
    const heard = new Recorder();
    socket.handler = heard;
    const link = await server.nextLink();
    await link.write(Uint8Array.of(0xff, 0xff, 0xff));
    await link.readClose();
    link.destroy(); // `ws` waits for it
    assert("code" in await heard.next());
  }
});

// What a WebSocket cannot do.

const refused: { WebSocket: WebSocketConstructor; options: Partial<DialOptions>; names: string }[] = [
  { WebSocket: OwnWebSocket, options: { headers: { a: "b" } }, names: "headers" },
  { WebSocket: OwnWebSocket, options: { tls: { mode: "self-signed" } }, names: 'tls "self-signed"' },
  ...(["caCerts", "serverName", "pinSha256"] as const).map((name) => ({
    WebSocket: OwnWebSocket,
    options: { tls: { ...verified, [name]: ["x"] } },
    names: `tls.${name}`,
  })),
];
const refusedOnDeno: typeof refused = [
  { WebSocket, options: { tls: { mode: "self-signed" } }, names: 'tls "self-signed"' },
  ...(["serverName", "pinSha256"] as const).map((name) => ({
    WebSocket,
    options: { tls: { ...verified, [name]: ["x"] } },
    names: `tls.${name}`,
  })),
];

for (const { WebSocket, options, names } of isBun ? refused : [...refused, ...refusedOnDeno]) {
  const which = WebSocket === OwnWebSocket ? "a constructor of the application's" : "the global WebSocket";
  test(`dialer() refuses ${names} for ${which}`, () => {
    const error = assertThrows(() => runtime.dialer(dialTo("wss://localhost/", { WebSocket, ...options })));
    assertInstanceOf(error, NotSupportedError);
    assert(error.message.includes(names), error.message);
  });
}

/** A TCP server that the test controls. */
class TcpServer implements AsyncDisposable {
  readonly #sockets = new Set<NetSocket>();
  readonly #listener = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on("error", () => {}); // the close follows
    this.#greet(socket);
  });
  readonly #greet: (socket: NetSocket) => void;
  port = 0;

  private constructor(greet: (socket: NetSocket) => void) {
    this.#greet = greet;
  }

  static async listen(greet: (socket: NetSocket) => void): Promise<TcpServer> {
    const server = new TcpServer(greet);
    server.#listener.listen(0, "127.0.0.1");
    await once(server.#listener, "listening");
    server.port = (server.#listener.address() as AddressInfo).port;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}

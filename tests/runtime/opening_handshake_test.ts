import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { OpeningHandshake } from "../../src/runtime/opening_handshake.ts";
import { test } from "../harness.ts";

const text = new TextEncoder();

function handshake(url = "ws://pool.test/", headers: Record<string, string> = {}): OpeningHandshake {
  return new OpeningHandshake({ url, headers, tls: undefined, WebSocket: undefined });
}

/** The lines of a request, the key replaced. */
function linesOf({ request }: OpeningHandshake): string[] {
  return request.replace(/(?<=Sec-WebSocket-Key: ).*/, "KEY").split("\r\n");
}

/** What a server that accepts answers. */
function accepted({ request }: OpeningHandshake): Record<string, string> {
  const [, key] = /Sec-WebSocket-Key: (.*)\r\n/.exec(request)!;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": accept };
}

function answer(headers: Record<string, string>): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return text.encode(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\nrest`);
}

test("OpeningHandshake requests an upgrade with the given headers", () => {
  assertEquals(linesOf(handshake("ws://pool.test:8080/a%20b?c=d", { authorization: "Bearer caf\xe9" })), [
    "GET /a%20b?c=d HTTP/1.1",
    "Host: pool.test:8080",
    "authorization: Bearer caf\xe9",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: KEY",
    "",
    "",
  ]);
  assertEquals(linesOf(handshake("wss://[::1]:443")).slice(0, 2), ["GET / HTTP/1.1", "Host: [::1]"]);
});

test("OpeningHandshake has a key of 16 random bytes", () => {
  const [first, second] = [handshake(), handshake()].map(({ request }) => /Key: (.*)\r\n/.exec(request)![1]);
  assertNotEquals(first, second);
  assertEquals(atob(first).length, 16);
});

for (const change of [{}, { Upgrade: "WebSocket" }, { Connection: "keep-alive ,\tupgrade" }]) {
  test(`OpeningHandshake accepts an answer with ${JSON.stringify(change)}`, () => {
    const made = handshake();
    const bytes = answer({ ...accepted(made), ...change });
    assertEquals(made.read(bytes.subarray(0, 30)), undefined);
    assertEquals(new TextDecoder().decode(made.read(bytes.subarray(30))), "rest");
  });
}

const wrong: { change: Record<string, string>; what: string }[] = [
  { change: { Upgrade: "websockets" }, what: "without a valid Upgrade header" },
  { change: { Connection: "not-upgrade" }, what: "without a valid Connection header" },
  { change: { Connection: "upgrades" }, what: "without a valid Connection header" },
  { change: { "Sec-WebSocket-Accept": "?" }, what: "without a valid Sec-WebSocket-Accept header" },
  {
    change: { "sec-websocket-extensions": "" },
    what: "with a Sec-WebSocket-Extensions header that was not requested",
  },
  {
    change: { "Sec-WebSocket-Protocol": "chat" },
    what: "with a Sec-WebSocket-Protocol header that was not requested",
  },
];

for (const { change, what } of wrong) {
  test(`OpeningHandshake takes no answer with ${JSON.stringify(change)}`, () => {
    const made = handshake();
    const bytes = answer({ ...accepted(made), ...change });
    assertThrows(() => made.read(bytes), Error, `server answered 101 Switching Protocols ${what}`);
  });
}

for (
  const [sent, reason] of [
    ["HTTP/1.1 302 Found\r\nLocation: /b?key=secret\r\n\r\n", 'server answered 302 Found to "/b?…"'],
    ["220 mail.test ESMTP\r\n", "server does not speak HTTP"],
    [`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(4_000)}`, "server answered with a head that is too long"],
  ]
) {
  test(`OpeningHandshake fails with "${reason}"`, () => {
    const error = assertThrows(() => handshake().read(text.encode(sent)), Error);
    assertEquals(error.message, reason);
    assert(reason.includes("302") || error.cause instanceof Error);
  });
}

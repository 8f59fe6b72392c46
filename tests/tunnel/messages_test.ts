import { assertEquals, assertThrows } from "@std/assert";
import {
  type ClientPurpose,
  decodeClientPurpose,
  decodeFromServer,
  decodePortRequest,
  decodeServerPurpose,
  encodeClientPurpose,
  encodeServerPurpose,
  type FromServer,
} from "../../examples/tunnel/messages.ts";
import { bytes } from "../contract/streams.ts";
import { test } from "../harness.ts";

test("decodeClientPurpose() reads what encodeClientPurpose() writes", () => {
  const purposes: ClientPurpose[] = [
    { kind: "control", name: "edge-7" },
    { kind: "control", name: undefined },
    { kind: "connect", target: { hostname: "db", port: 5432 } },
  ];
  for (const purpose of purposes) assertEquals(decodeClientPurpose(encodeClientPurpose(purpose)), purpose);
});

test("decodeServerPurpose() reads what encodeServerPurpose() writes", () => {
  for (const index of [0, 3, 999]) {
    for (const from of [undefined, "10.0.0.1:5"]) {
      assertEquals(decodeServerPurpose(encodeServerPurpose({ index, from })), { index, from });
    }
  }
});

test("decodeFromServer() reads the server's messages", () => {
  const messages: FromServer[] = [
    { kind: "listening", index: 0, address: "0.0.0.0:8080" },
    { kind: "refused", index: 1, reason: "in use", isFinal: false },
    { kind: "replaced" },
  ];
  for (const message of messages) assertEquals(decodeFromServer(JSON.stringify(message)), message);
});

test("decodePortRequest() reads ports with and without a host", () => {
  const request = { ports: [{ hostname: "::1", port: 0 }, { hostname: undefined, port: 65535 }], wantsSources: true };
  assertEquals(decodePortRequest(JSON.stringify(request)), request);
});

test("tunnel messages of other making are refused", () => {
  const metadata = [``, `null`, `7`, `{}`, `{"kind":"x"}`, `{"kind":"control","name":7}`, `{"kind":"connect"}`];
  const names = ["", "a b", "a\nb", "\x1b[2J", "\u202ea", "x".repeat(51)];
  metadata.push(...names.map((name) => JSON.stringify({ kind: "control", name })));
  const hosts = ["", "a b", "a\nb", "a\u2028b", "g:1", "[::1]", "x".repeat(254)];
  for (const hostname of hosts) {
    assertThrows(
      () => decodePortRequest(JSON.stringify({ ports: [{ hostname, port: 1 }], wantsSources: false })),
      Error,
      undefined,
      hostname,
    );
  }
  const targets = [
    ...hosts.map((hostname) => JSON.stringify({ hostname, port: 1 })),
    `{"hostname":"a"}`,
    `{"hostname":"a","port":0}`,
    `{"hostname":1,"port":1}`,
    `{"port":1}`,
  ];
  for (const text of [...metadata, ...targets.map((target) => `{"kind":"connect","target":${target}}`)]) {
    assertThrows(() => decodeClientPurpose(bytes(text)), Error, undefined, text);
  }
  for (
    const text of [
      ``,
      `0`,
      `{}x`,
      `{"index":-1,"from":""}`,
      `{"index":1.5,"from":""}`,
      `{"index":0,"from":1}`,
      `{"index":0}`,
    ]
  ) {
    assertThrows(() => decodeServerPurpose(bytes(text)), Error, undefined, text);
  }
  for (const ports of [`1`, `[1]`, `[{"port":65536}]`, `[{"port":"1"}]`]) {
    const text = `{"ports":${ports},"wantsSources":true}`;
    assertThrows(() => decodePortRequest(text), Error, undefined, text);
  }
  for (const text of [`{}`, `{"wantsSources":true}`, `{"ports":[]}`, `{"ports":[],"wantsSources":1}`]) {
    assertThrows(() => decodePortRequest(text), Error, undefined, text);
  }
  const refused = `{"kind":"refused","index":0,"reason":"x"}`;
  for (const text of [`{}`, `{"kind":"x"}`, `{"kind":"listening","index":0,"address":"x"}`, refused, `[`]) {
    assertThrows(() => decodeFromServer(text), Error, undefined, text);
  }
});

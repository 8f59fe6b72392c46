import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { MAX_CONTROL_BYTES } from "../../src/link/control.ts";
import { formatHello, parseClientHello, parseServerHello, randomPoolId } from "../../src/link/hello.ts";
import { test } from "../harness.ts";

const pool = "00112233aabbccdd";
const server = { id: "a1b2c3d4", window: 262_144, pool };
const client = { window: 262_144, pool };

/** A hello with members replaced, added, or (where undefined) left out. */
const serverText = (changed: object = {}) => JSON.stringify({ npws: 2, ...server, ...changed });
const clientText = (changed: object = {}) => JSON.stringify({ npws: 2, ...client, ...changed });

/** Values that no member of a hello may have. */
const nothing = [undefined, null, true, {}, [], ""];

test("formatHello() writes what the other side reads", () => {
  assertEquals(
    formatHello(server),
    '{"npws":2,"id":"a1b2c3d4","window":262144,"pool":"00112233aabbccdd"}',
  );
  assertEquals(parseServerHello(formatHello(server)), server);
  assertEquals(parseClientHello(formatHello(client)), client);
  assertEquals(parseClientHello(formatHello({ ...client, name: "edge-7" })), { ...client, name: "edge-7" });
});

test("formatHello() leaves out a name that is not set", () => {
  assertEquals(
    formatHello({ ...client, name: undefined }),
    '{"npws":2,"window":262144,"pool":"00112233aabbccdd"}',
  );
});

test("a hello is read whatever the order of its members and the space between them", () => {
  const text = `\n{ "pool" : "${pool}",\t"window":1.024e3, "name":"a", "id":"a1b2c3d4", "npws":2 }\n`;
  assertEquals(parseServerHello(text), { id: "a1b2c3d4", window: 1_024, pool });
  assertEquals(parseClientHello(text), { name: "a", window: 1_024, pool });
});

test("a hello's unknown members are ignored", () => {
  const unknown = { version: 3, features: ["x"], nested: { npws: 1 }, ["__proto__"]: { name: 1 } };
  assertEquals(parseServerHello(serverText({ ...unknown, name: 5 })), server);
  assertEquals(parseClientHello(clientText({ ...unknown, id: 5 })), client);
});

test("a hello says npws 2", () => {
  for (const npws of [...nothing, 1, 3, "2", 2.5, [2]]) {
    assertEquals(parseServerHello(serverText({ npws })), undefined, `${npws}`);
    assertEquals(parseClientHello(clientText({ npws })), undefined, `${npws}`);
  }
});

test("a hello's window is a whole number from 1 KiB to 16 MiB", () => {
  for (const window of [1_024, 1_025, 65_536, 16_777_215, 16_777_216]) {
    assertEquals(parseServerHello(serverText({ window })), { ...server, window });
    assertEquals(parseClientHello(clientText({ window })), { ...client, window });
  }
  const wrong = [...nothing, 0, -1, 1_023, 1_024.5, 16_777_217, 2 ** 53, 1e300, "262144", [262_144]];
  for (const window of wrong) {
    assertEquals(parseServerHello(serverText({ window })), undefined, `${window}`);
    assertEquals(parseClientHello(clientText({ window })), undefined, `${window}`);
  }
  // Numbers that JSON.stringify would not write.
  for (const window of ["1e999", "-0", "0262144", "NaN"]) {
    assertEquals(parseClientHello(clientText().replace("262144", window)), undefined, window);
  }
});

test("a hello's pool is 16 hex digits", () => {
  const wrong = [
    ...nothing,
    0,
    "0011223344556677".slice(1),
    `${pool}0`,
    pool.toUpperCase(),
    `${pool}\n`,
    "g".repeat(16),
  ];
  for (const text of wrong) {
    assertEquals(parseServerHello(serverText({ pool: text })), undefined, `${text}`);
    assertEquals(parseClientHello(clientText({ pool: text })), undefined, `${text}`);
  }
});

test("the server's hello has an id of 8 hex digits", () => {
  assertEquals(parseServerHello(serverText({ id: "00000000" })), { ...server, id: "00000000" });
  for (const id of [...nothing, 12345678, "a1b2c3d", "a1b2c3d4e", "A1B2C3D4", "a1b2c3d4\n", " a1b2c3d4"]) {
    assertEquals(parseServerHello(serverText({ id })), undefined, `${id}`);
  }
});

test("the client's hello may have a name of 1 to 64 letters, digits, dots, underscores and dashes", () => {
  for (const name of ["a", "Z", "0", "edge-7", "a.b_c-d", "-", "x".repeat(64)]) {
    assertEquals(parseClientHello(clientText({ name })), { ...client, name });
  }
  const wrong = [null, true, {}, [], 7, "", "x".repeat(65), "a b", "a\n", "é", "a/b", "a:b", "😀"];
  for (const name of wrong) assertEquals(parseClientHello(clientText({ name })), undefined, `${name}`);
});

test("a hello is a JSON object", () => {
  for (const text of ["", "{", "null", "2", '"npws"', "[]", "true", "take", `${clientText()}x`, `[${clientText()}]`]) {
    assertEquals(parseServerHello(text), undefined, text);
    assertEquals(parseClientHello(text), undefined, text);
  }
});

test("a hello is 4,096 bytes of UTF-8 at most", () => {
  for (const [character, bytes] of [["x", 1], ["€", 3]] as const) {
    const room = MAX_CONTROL_BYTES - clientText({ filler: "" }).length;
    const filler = character.repeat(Math.floor(room / bytes)) + "x".repeat(room % bytes);
    assertEquals(parseClientHello(clientText({ filler })), client, character);
    assertEquals(parseClientHello(clientText({ filler: `${filler}x` })), undefined, character);
  }
});

test("randomPoolId() is a pool of a hello, and another one each time", () => {
  assertMatch(randomPoolId(), /^[0-9a-f]{16}$/);
  assertNotEquals(randomPoolId(), randomPoolId());
});

test("a hello's members count as its own alone, and touch no other object", () => {
  const members = `"npws":2,"window":4096,"pool":"00112233aabbccdd","id":"0000000a"`;
  const inherited = `{"__proto__":{${members},"name":"admin"},"constructor":{"prototype":{"name":"admin"}}}`;
  assertEquals([parseClientHello(inherited), parseServerHello(inherited)], [undefined, undefined]);
  const own = parseClientHello(`{${members},"__proto__":{"name":"admin"},"toString":1}`);
  assertEquals(own, { window: 4_096, pool: "00112233aabbccdd" });
  assertEquals([own?.name, ({} as { name?: string }).name], [undefined, undefined]);
});

test("a hello has bundles where it says true, and nothing else is read as that", () => {
  assertEquals(parseServerHello(serverText({ bundles: true })), { ...server, bundles: true });
  assertEquals(parseClientHello(clientText({ bundles: true, name: "a" })), { ...client, bundles: true, name: "a" });
  for (const bundles of [undefined, null, false, 0, 1, "true", "", {}, [true]]) {
    const read = [parseServerHello(serverText({ bundles })), parseClientHello(clientText({ bundles }))];
    assertEquals(read, [server, client], `${bundles}`);
    for (const hello of read) assertEquals("bundles" in hello!, false);
  }
});

test("formatHello() writes that bundles are taken, and leaves it out where nobody says so", () => {
  assertEquals(formatHello({ ...client, bundles: true }), clientText({ bundles: true }));
  assertEquals(formatHello({ ...client, bundles: undefined }), clientText());
});

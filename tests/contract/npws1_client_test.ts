import { assertEquals, assertMatch, assertNotStrictEquals, assertStringIncludes } from "@std/assert";
import { test } from "../harness.ts";
import { glued, type Greeting, idFrame, Npws1Server } from "../npws1_peer.ts";
import { concat, Opcode } from "../websocket_frames.ts";
import { clientPool, nextEvent, transports, until } from "./pools.ts";
import { openClientRig } from "./rigs.ts";
import { bytes, readExactly, readText, write } from "./streams.ts";

/** Ways in which the first message may follow the handshake's response. */
const greetings: Record<string, Greeting> = {
  "glued to the handshake": glued,
  "in a write of its own": async (opening) => {
    await opening.link.write(opening.accept);
    await someTurns();
    await opening.link.write(idFrame(opening, opening.index));
  },
  "cut in two, its beginning glued to the handshake": async (opening) => {
    const frame = idFrame(opening, opening.index);
    await opening.link.write(concat(opening.accept, frame.subarray(0, 3)));
    await someTurns();
    await opening.link.write(frame.subarray(3));
  },
  "byte by byte": async (opening) => {
    await opening.link.write(opening.accept);
    for (const byte of idFrame(opening, opening.index)) {
      await opening.link.write(Uint8Array.of(byte));
      await someTurns();
    }
  },
};

/** First messages that are not an id, and what the failed dial says about them. */
const wrongFirstMessages: { opcode: number; payload: string; told: RegExp }[] = [
  { opcode: Opcode.binary, payload: "abc", told: /3 bytes of binary data/ },
  { opcode: Opcode.binary, payload: "abcde", told: /5 bytes of binary data/ },
  { opcode: Opcode.text, payload: "abcd", told: /a text of 4 characters/ },
];

for (const { name, options } of transports) {
  for (const [how, greet] of Object.entries(greetings)) {
    test(`npws/1 client on ${name}: takes an id that comes ${how}`, async () => {
      await using rig = await openClientRig(options, { greet });
      const link = await rig.nextLink();
      const connection = await rig.pool.outgoingGet("00000000");
      await link.send("hello");
      assertEquals(await readExactly(connection, 5), bytes("hello"));
    });
  }

  test(`npws/1 client on ${name}: keeps what came in one write with handshake and id`, async () => {
    const greet: Greeting = (opening) =>
      opening.link.write(concat(
        opening.accept,
        idFrame(opening, 0xa1b2c3d4),
        opening.link.frame(Opcode.binary, "early "),
        opening.link.frame(Opcode.binary, "bytes"),
      ));
    await using rig = await openClientRig(options, { greet });
    const connection = await rig.pool.outgoingGet("A1B2C3D4");
    (await rig.nextLink()).close(1000);
    assertEquals(connection.id, "a1b2c3d4");
    assertEquals(await readText(connection), "early bytes");
  });

  for (const { opcode, payload, told } of wrongFirstMessages) {
    test(`npws/1 client on ${name}: refuses "${payload}" (opcode ${opcode}) as first message, and goes on`, async () => {
      const greet: Greeting = (opening) => {
        if (opening.index > 0) return glued(opening);
        return opening.link.write(concat(opening.accept, opening.link.frame(opcode, payload)));
      };
      await using rig = await openClientRig(options, { greet });
      const failed = nextEvent(rig.pool, "dialerror");
      const wrong = await rig.nextLink();
      const { code } = await wrong.readClose();
      assertEquals(code % 3000, 1002); // a global WebSocket that follows the standard sends 4002
      wrong.destroy();
      const { error, attempt } = await failed;
      assertStringIncludes(error.message, `Cannot dial ${rig.server.url}`);
      assertMatch(error.message, told);
      assertEquals(attempt, 1);
      assertEquals((await rig.pool.outgoingGet("00000001")).id, "00000001");
      const { dialed, dialFailures } = rig.pool.stats();
      assertEquals([dialed, dialFailures, rig.pool.errorCount], [1, 1, 1]);
    });
  }

  test(`npws/1 client on ${name}: goes on after a server dropped the upgrade request`, async () => {
    const greet: Greeting = (opening) => opening.index > 0 ? glued(opening) : opening.link.destroy();
    await using rig = await openClientRig(options, { greet });
    const { error } = await nextEvent(rig.pool, "dialerror");
    assertStringIncludes(error.message, `Cannot dial ${rig.server.url}`);
    assertEquals((await rig.pool.outgoingGet("00000001")).id, "00000001");
  });

  test(`npws/1 client on ${name}: gives a dial up that gets no first message`, async () => {
    const greet: Greeting = (opening) => opening.index > 0 ? glued(opening) : opening.link.write(opening.accept);
    await using rig = await openClientRig({ ...options, dialTimeoutMs: 100 }, { greet });
    const failed = nextEvent(rig.pool, "dialerror");
    const silent = await rig.nextLink();
    assertStringIncludes((await failed).error.message, ": no link within 100 ms: the server sent no first message");
    await silent.readClose(); // some sockets cannot be dropped, only closed
    silent.destroy();
    assertEquals((await rig.pool.outgoingGet("00000001")).id, "00000001");
  });

  test(`npws/1 client on ${name}: tells why the server closed before the id`, async () => {
    const greet: Greeting = async (opening) => {
      if (opening.index > 0) return glued(opening);
      await opening.link.write(opening.accept);
      opening.link.close(1011, "out of ids");
    };
    await using rig = await openClientRig(options, { greet });
    const { error } = await nextEvent(rig.pool, "dialerror");
    assertStringIncludes(error.message, "code 1011 (out of ids)");
    assertEquals((await rig.pool.outgoingGet("00000001")).id, "00000001");
  });

  test(`npws/1 client on ${name}: two links with one id are two links`, async () => {
    const greet: Greeting = (opening) => opening.link.write(concat(opening.accept, idFrame(opening, 7)));
    await using rig = await openClientRig({ ...options, minCapacity: 2 }, { greet });
    const links = await rig.server.nextLinks(2);
    await until(rig.pool, ({ idle }) => idle === 2);
    await Promise.all([links[0].send("first"), links[1].send("other")]);
    const [one, two] = [await rig.pool.outgoingGet("00000007"), await rig.pool.outgoingGet("00000007")];
    assertNotStrictEquals(one, two);
    const heard = [await readExactly(one, 5), await readExactly(two, 5)].map((part) => new TextDecoder().decode(part));
    assertEquals(heard.sort(), ["first", "other"]);
  });

  test(`npws/1 client on ${name}: 00000000 of a restarted server is a link of its own`, async () => {
    const before = await Npws1Server.listen();
    await using pool = clientPool({ url: before.url, ...options });
    pool.start();
    const old = await pool.outgoingGet("00000000");
    await before[Symbol.asyncDispose]();
    await old.closed.catch(() => {});
    await using server = await Npws1Server.listen(glued, before.port);
    const link = await server.nextLink();
    const connection = await pool.outgoingGet("00000000");
    assertNotStrictEquals(connection, old);
    await write(connection, "new");
    assertEquals(await link.readBytes(3), bytes("new"));
    server.drop();
    await pool.close({ drainMs: 0 });
  });

  test(`npws/1 client on ${name}: asks for no subprotocol and no compression`, async () => {
    let request = "";
    const greet: Greeting = (opening) => {
      request ||= opening.request;
      return glued(opening);
    };
    await using rig = await openClientRig({ ...options, protocol: 1 }, { greet });
    await rig.nextLink();
    assertMatch(request, /^GET \/ HTTP\/1\.1\r\n/);
    const names = Array.from(request.matchAll(/^sec-websocket-([^:]+):/gim), ([, header]) => header.toLowerCase());
    const isGlobalOfDeno = name.includes("global") && "Deno" in globalThis;
    if (!isGlobalOfDeno) assertEquals(names.sort(), ["key", "version"]);
    else assertEquals(names.includes("protocol"), false);
  });
}

/** Lets the client read what was written, so that what follows arrives in a separate chunk. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

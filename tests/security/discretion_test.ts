import { assertEquals } from "@std/assert";
import { ClientPool, type Pool, type ServerPool } from "@npws/pool";
import { inspect } from "node:util";
import type { RawPeer } from "../contract/npws2_raw.ts";
import { type Role, roles } from "../contract/npws2_rigs.ts";
import { clientPool, nextEvent, serverPool, transports, urlOf } from "../contract/pools.ts";
import { openClientRig } from "../contract/rigs.ts";
import { bytes } from "../contract/streams.ts";
import { eventually } from "../contract/eventually.ts";
import { test } from "../harness.ts";
import { type Greeting, requestUpgrade } from "../npws1_peer.ts";

const TOKEN = "t0ken-of-the-client";
const OTHER_TOKEN = "t0ken-of-the-server";
const SECRETS = {
  token: TOKEN,
  otherToken: OTHER_TOKEN,
  header: "h3ader-value",
  query: "qu3ry-value",
  metadata: "m3tadata",
};

const EVENTS = ["linkopen", "linkclose", "dialerror", "refuse", "resize"] as const;

/** Everything that an application could log, in full: with causes and hidden properties. */
class Logbook {
  #texts: string[] = [];

  /** Records every event of the pool from now on. */
  listenTo(pool: Pool): void {
    for (const type of EVENTS) pool.addEventListener(type, ({ detail }) => this.add(detail));
  }

  add(what: unknown): void {
    this.#texts.push(inspect(what, { depth: Infinity, showHidden: true }), String(what));
    if (what instanceof Error) this.#texts.push(what.message, JSON.stringify(what));
  }

  /** Waits for a call that fails, and records its error. */
  async addFailure(call: Promise<unknown>): Promise<void> {
    this.add(await call.then(() => new Error("the call was to fail"), (error) => error));
  }

  /** Asserts that none of the secrets appears in it. */
  check(...pools: Pool[]): void {
    for (const pool of pools) {
      this.add(pool.stats());
      this.add(pool);
    }
    const text = this.#texts.join("\n");
    assertEquals(text.includes("the call was to fail"), false);
    const base64 = btoa(SECRETS.metadata).slice(0, 8);
    const shown = Object.values({ ...SECRETS, base64 }).filter((secret) => text.includes(secret));
    assertEquals(shown, []);
  }
}

const secretive = { token: TOKEN, headers: { "X-Key": SECRETS.header } };
const query = `?key=${SECRETS.query}`;

/** Servers at which a dial fails, each in its own way. */
const failures: Record<string, Greeting> = {
  "an answer that is no HTTP": ({ link }) => void link.write(bytes("hello\r\n\r\n")).then(() => link.destroy()),
  "a status": ({ link }) => link.write(bytes("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")),
  "a redirect": ({ link }) => link.write(bytes("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")),
  "the request itself as body": ({ link, request }) =>
    link.write(bytes(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${request.length}\r\n\r\n${request}`)),
  "the request itself as a reason": ({ link, request }) =>
    link.write(bytes(`HTTP/1.1 400 ${request.replaceAll("\r\n", " ")}\r\nContent-Length: 0\r\n\r\n`)),
  "the request itself as a hello": async ({ link, accept, request }) => {
    await link.write(Uint8Array.of(...accept, ...link.frame(0x1, request)));
    link.close(1000);
  },
  "a lost connection": ({ link }) => link.destroy(),
};

for (const { name, options } of transports) {
  for (const [what, greet] of Object.entries(failures)) {
    test(`a client on ${name} tells no secret of its own when a dial ends with ${what}`, async () => {
      const book = new Logbook();
      const rig = await openClientRig({}, { greet }); // for its server
      await rig.pool.close();
      await using pool = clientPool({ url: `${rig.server.url}/links${query}`, ...secretive, ...options });
      book.listenTo(pool);
      const failed = nextEvent(pool, "dialerror");
      pool.start().catch(() => {});
      await failed;
      const call = pool.open({ timeoutMs: 0, metadata: bytes(SECRETS.metadata) });
      await book.addFailure(call);
      await book.addFailure(pool.incomingGet({ timeoutMs: 0 }));
      await pool.close({ drainMs: 0 });
      await book.addFailure(pool.start());
      book.check(pool);
      await rig.server[Symbol.asyncDispose]();
    });
  }
}

test("a server tells no secret of clients that it refuses or loses", async () => {
  const book = new Logbook();
  await using pool = serverPool({ token: OTHER_TOKEN, path: "/links", maxCapacity: 1 });
  book.listenTo(pool);
  await pool.start();
  const { port } = pool.address;
  const ask = async (path: string, headers: Record<string, string>) =>
    (await requestUpgrade(port, { path, headers })).link;
  const right = { Authorization: `Bearer ${OTHER_TOKEN}` };
  const links = [
    await ask(`/links${query}`, { Authorization: `Bearer ${TOKEN}`, "X-Key": SECRETS.header }),
    await ask(`/links${query}`, { ...right, Origin: `https://${SECRETS.header}` }),
    await ask(`/other${query}`, right),
    await ask(`/links${query}&npws=2`, right),
    await ask(`/links${query}&npws=2`, right),
  ];
  const last = links[3];
  await last.readFrame();
  await last.write(last.frame(0x1, JSON.stringify({ token: TOKEN, metadata: SECRETS.metadata })));
  await eventually(() => pool.stats().dialFailures === 1);
  assertEquals([pool.stats().refusedUnauthorized, pool.stats().refusedForbidden, pool.stats().refusedFull], [1, 1, 1]);
  for (const link of links) link.destroy();
  await book.addFailure(pool.open({ timeoutMs: 0, metadata: bytes(SECRETS.metadata) }));
  book.check(pool);
});

for (const role of roles) {
  test(`${role.name} tells no metadata when streams fail`, async () => {
    const book = new Logbook();
    const metadata = bytes(SECRETS.metadata);
    // One idle link at a time, so that the call asks the peer that the test holds.
    await using rig = await role.open({ pool: role.side === "client" ? { minCapacity: 1, maxCapacity: 1 } : {} });
    book.listenTo(rig.pool);
    await failOpen(rig, book, metadata);
    book.check(rig.pool);
  });
}

/** Opens streams with metadata to peers that refuse, break the protocol, reset and are lost. */
async function failOpen(
  { pool, nextPeer }: Awaited<ReturnType<Role["open"]>>,
  book: Logbook,
  metadata: Uint8Array,
): Promise<void> {
  const said = `open ${btoa(SECRETS.metadata).replaceAll("=", "")}`;
  const reactions: ((peer: RawPeer) => Promise<void>)[] = [
    (peer) => peer.say("ok", said), // a violation; the error names only the verb
    (peer) => peer.say("ok", `reset 1`, `stop 1`),
    (peer) => peer.say("ok", `nonsense ${SECRETS.metadata}`),
    async (peer) => {
      await peer.say("ok");
      await peer.sync();
      peer.link.destroy();
    },
  ];
  for (const react of reactions) {
    const peer = await nextPeer();
    const opened = pool.open({ metadata, early: true });
    await peer.hear();
    await react(peer);
    const connection = await opened;
    await book.addFailure(connection.closed.then(() => {}));
    await book.addFailure(connection.readable.getReader().read());
    peer.link.destroy();
    await eventually(() => pool.stats().inUse === 0);
  }
  const peer = await nextPeer();
  const refused = book.addFailure(pool.open({ metadata, timeoutMs: 200 }));
  await peer.hear();
  await peer.say("no");
  await refused;
}

test("wrong options tell no secret, wherever it was put by mistake", async () => {
  const book = new Logbook();
  const secrets = Object.values(SECRETS);
  const wrong: (() => unknown)[] = secrets.flatMap((secret) => [
    () => new ClientPool(secret as never),
    () => new ClientPool({ url: "ws://a", token: `${secret} x` }),
    () => new ClientPool({ url: "ws://a", token: [secret] as never }),
    () => new ClientPool({ url: "ws://a", token: secret, headers: { Authorization: secret } }),
    () => new ClientPool({ url: "ws://a", headers: secret as never }),
    () => new ClientPool({ url: "ws://a", headers: { "X-Key": `${secret}\r\nX: y` } }),
    () => new ClientPool({ url: "ws://a", headers: [["X-Key", secret, secret]] as never }),
    () => new ClientPool({ url: `ws://user:${secret}@a` }),
    () => new ClientPool({ url: `ftp://a?${secret}` }),
    () => new ClientPool({ url: "wss://a", tls: { mode: "verified", cert: secret, key: secret } }),
    () => new ClientPool({ url: "wss://a", tls: { mode: "verified", caCerts: [secret] } }),
    () => serverPool({ token: [secret, ""] }),
    () => serverPool({ token: { secret } as never }),
    () => serverPool({ tls: secret as never }),
    () => serverPool({ tls: { cert: secret, key: secret } }),
  ]);
  for (const make of wrong) await book.addFailure(Promise.resolve().then(make));
  await using pool = serverPool();
  await book.addFailure(pool.open({ metadata: SECRETS.metadata as never }));
  await book.addFailure(pool.open({ metadata: bytes(SECRETS.metadata.repeat(1_000)) }));
  book.check(pool);
});

test("a stream that was opened tells its metadata to the peer's application alone", async () => {
  const book = new Logbook();
  await using server = serverPool({ token: TOKEN });
  book.listenTo(server);
  await server.start();
  await using client = clientPool({ url: `${urlOf(server)}/${query}`, ...secretive });
  book.listenTo(client);
  await client.start();
  await exchange(client, server);
  await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
  book.check(client, server);
});

async function exchange(client: ClientPool, server: ServerPool): Promise<void> {
  const [ours, theirs] = await Promise.all([client.open({ metadata: bytes(SECRETS.metadata) }), server.accept()]);
  assertEquals(theirs.metadata, bytes(SECRETS.metadata));
  await Promise.all([ours.close(), theirs.close()]);
}

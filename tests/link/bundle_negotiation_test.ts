import { assertEquals } from "@std/assert";
import { EarlyStart } from "../../src/link/early_start.ts";
import { clientHandshake, serverHandshake2 } from "../../src/link/handshake.ts";
import { formatHello, type Hello } from "../../src/link/hello.ts";
import type { Link, ReservedLink } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import type { Stream } from "../../src/link/stream.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { FakeNetwork } from "../fake_network.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";
import { messagesIn } from "./bundle_bytes.ts";
import { FakeLinkHost, NEXT_ID } from "./fake_link_host.ts";
import { PeerEnd } from "./peer_end.ts";

const FIRST_ID = "0000000a";
const ownHello: Hello = { window: 4_096, pool: "00112233aabbccdd" };
const peerHello = { window: 4_096, pool: "ffeeddccbbaa9988" };
const { signal } = new AbortController();

/** Runs the handshake of one side with a peer whose hello contains `bundles`. Returns the link and the side's own hello. */
async function shakenHands(role: Role, bundles: unknown): Promise<{ peer: PeerEnd; link: Link; said: string }> {
  const peer = new PeerEnd(role);
  const shaking = role === "client"
    ? clientHandshake(peer.socket, peer.host, "auto", ownHello, signal)
    : serverHandshake2(peer.socket, peer.host, FIRST_ID, { ...ownHello, bundles: true }, signal);
  peer.receive(JSON.stringify({ npws: 2, id: FIRST_ID, ...peerHello, bundles }));
  const link = await shaking;
  const [said] = peer.takeSent();
  return { peer, link, said };
}

/** What is sent in response to three pings in one turn. */
async function threePings({ host, socket }: PeerEnd, link: Link): Promise<string[]> {
  socket.handler = link;
  socket.sent.length = 0;
  for (const number of [1, 2, 3]) socket.receive(`ping ${number}`);
  await host.clock.advance(0);
  return socket.sent;
}

const plain = ["pong 1", "pong 2", "pong 3"];

test("clientHandshake() accepts bundles where the server offers them, and only there", async () => {
  for (const bundles of [true, false, undefined, 1, "true", null, {}]) {
    const { peer, link, said } = await shakenHands("client", bundles);
    const isOffered = bundles === true;
    assertEquals(said, formatHello({ ...ownHello, ...(isOffered && { bundles }) }), `${bundles}`);
    assertEquals(await threePings(peer, link), isOffered ? ["data 24"] : plain, `${bundles}`);
  }
});

test("serverHandshake2() offers what it is told to, and takes bundles where the client accepts them", async () => {
  for (const bundles of [true, false, undefined, 1, "true", null, {}]) {
    const { peer, link, said } = await shakenHands("server", bundles);
    assertEquals(said, formatHello({ id: FIRST_ID, ...ownHello, bundles: true }), `${bundles}`);
    assertEquals(await threePings(peer, link), bundles === true ? ["data 24"] : plain, `${bundles}`);
  }
});

/** A pool that hands each stream to its application at once. */
class FetchingHost extends FakeLinkHost {
  fetched: Stream | undefined;

  override reserved(link: ReservedLink, stream: Stream): void {
    this.fetched = stream;
    link.fetched();
  }
}

/** A client and a server after their handshake, and the messages exchanged between them. */
async function connected(offers: boolean, knows: boolean) {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock);
  // An older client ignores the offer.
  if (!knows) network.onMessage = (message) => String(message).replace(`,"bundles":true`, "");
  const end = { address: { hostname: "127.0.0.1", port: 1, transport: "tcp" as const }, canPause: true };
  const cable = network.connect(end, end);
  cable.server.accept();
  await clock.advance(0);
  const hosts = { client: new FetchingHost("client", {}, clock), server: new FetchingHost("server", {}, clock) };
  const offer = offers ? { bundles: true } : {};
  const shaking = Promise.all([
    clientHandshake(cable.client, hosts.client, 2, ownHello, signal),
    serverHandshake2(cable.server, hosts.server, FIRST_ID, { ...peerHello, ...offer }, signal),
  ]);
  await clock.advance(0);
  const [client, server] = await shaking;
  cable.client.handler = client;
  cable.server.handler = server;
  const crossed: string[] = [];
  network.onMessage = (message) => {
    crossed.push(noted(message, offers && knows));
    return message;
  };
  return { clock, client, hosts, crossed };
}

function noted(message: Message, takesBundles: boolean): string {
  if (typeof message === "string") return message;
  if (!takesBundles) return `data ${message.byteLength}`;
  const { messages, isWhole } = messagesIn(message);
  assertEquals(isWhole, true);
  return `[${messages.map((message) => noted(message, false)).join(", ")}]`;
}

for (const offers of [true, false]) {
  for (const knows of [true, false]) {
    const server = offers ? "a server that offers bundles" : "a server that does not";
    test(`${server} and a client that ${knows ? "knows" : "does not know"} them understand each other`, async () => {
      const { clock, client, hosts, crossed } = await connected(offers, knows);
      const early = new EarlyStart(hosts.client.batch);
      client.take({ kind: "open", metadata: "", early, granted() {}, failed() {} });
      early.stream.write(Uint8Array.of(1, 2, 3));
      early.stream.end();
      await clock.advance(0);
      const { fetched } = hosts.server;
      assertEquals(fetched!.read(), Uint8Array.of(1, 2, 3));
      fetched!.write(Uint8Array.of(4, 5));
      fetched!.end();
      await clock.advance(0);
      assertEquals(early.stream.read(), Uint8Array.of(4, 5));
      await clock.advance(0);
      const both = ["[open, data 3, fin]", "ok", `[data 2, fin, idle ${NEXT_ID}]`, "idle"];
      const one = ["open", "data 3", "fin", "ok", "data 2", "fin", `idle ${NEXT_ID}`, "idle"];
      assertEquals(crossed, offers && knows ? both : one);
      assertEquals([client.state, client.id, clock.pending], ["idle", NEXT_ID, 0]);
    });
  }
}

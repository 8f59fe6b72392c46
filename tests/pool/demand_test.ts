import { assertEquals } from "@std/assert";
import { Npws1Link } from "../../src/link/npws1.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import { Demand } from "../../src/pool/demand.ts";
import { test } from "../harness.ts";
import { FakeLinkHost } from "../link/fake_link_host.ts";
import { RecordingSocket } from "../link/recording_socket.ts";

const [poolA, poolB] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];

function setUp() {
  const host = new FakeLinkHost("server");
  const links = new Set<Npws1Link | Npws2Link>();
  const waiting = { count: 0, named: {} as Record<string, number> };
  const demand = new Demand(host.clock, links, {
    get isLinkAwaited() {
      return waiting.count > 0 || Object.keys(waiting.named).length > 0;
    },
    get waitingForAny() {
      return waiting.count;
    },
    waitingByPeer: () => new Map(Object.entries(waiting.named)),
  });
  const addLink = (pool: string, name?: string) => {
    const socket = new RecordingSocket();
    const link = new Npws2Link(socket, host, "server", `0000000${links.size}`, { window: 1_024, pool, name });
    socket.handler = link;
    links.add(link);
    return { link, socket, takeSent: () => socket.sent.splice(0) };
  };
  const rise = () => {
    waiting.count++;
    demand.rose();
  };
  return { host, clock: host.clock, links, waiting, demand, addLink, rise };
}

test("Demand tells at once that a call waits", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  await clock.advance(0);
  assertEquals(takeSent(), ["want 1"]);
  demand.stop();
});

test("Demand has nothing to do when a call begins to wait that no new link serves", async () => {
  const { clock, demand, addLink } = setUp();
  const { takeSent } = addLink(poolA);
  demand.rose();
  assertEquals(clock.pending, 0);
  await clock.advance(10_000);
  assertEquals(takeSent(), []);
});

test("Demand tells calls that begin to wait in one turn together", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  for (let i = 0; i < 500; i++) rise();
  await clock.advance(0);
  assertEquals(takeSent(), ["want 500"]);
  demand.stop();
});

test("Demand tells at most once per 10 ms, and then the number of that moment", async () => {
  const { clock, waiting, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  await clock.advance(1);
  rise();
  rise();
  await clock.advance(8);
  assertEquals(takeSent(), ["want 1"]);
  waiting.count = 2;
  await clock.advance(1);
  assertEquals(takeSent(), ["want 2"]);
  demand.stop();
});

test("Demand tells again a second after it told last, and not before", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  await clock.advance(500);
  rise();
  await clock.advance(0);
  assertEquals([takeSent(), clock.pending], [["want 1", "want 2"], 1]);
  await clock.advance(999);
  assertEquals(takeSent(), []);
  await clock.advance(1);
  assertEquals(takeSent(), ["want 2"]);
  demand.stop();
});

test("Demand tells again each second while calls wait, and then no more", async () => {
  const { clock, waiting, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  await clock.advance(0);
  takeSent();
  await clock.advance(999);
  assertEquals(takeSent(), []);
  await clock.advance(1);
  assertEquals(takeSent(), ["want 1"]);
  waiting.count = 3;
  await clock.advance(1_000);
  assertEquals(takeSent(), ["want 3"]);
  waiting.count = 0;
  await clock.advance(1_000);
  assertEquals([takeSent(), clock.pending], [[], 0]);
  demand.stop();
});

test("Demand begins again when it was quiet", async () => {
  const { clock, waiting, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  await clock.advance(0);
  waiting.count = 0;
  await clock.advance(5_000);
  takeSent();
  rise();
  await clock.advance(0);
  assertEquals(takeSent(), ["want 1"]);
  demand.stop();
});

test("Demand tells the link of each client pool that was heard from last", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const [a1, a2, b1, b2] = [poolA, poolA, poolB, poolB].map((pool) => addLink(pool));
  await clock.advance(100);
  a2.socket.receive("pong 1");
  await clock.advance(100);
  b1.socket.receive("pong 1");
  rise();
  await clock.advance(0);
  assertEquals([a1, a2, b1, b2].map(({ takeSent }) => takeSent()), [[], ["want 1"], ["want 1"], []]);
  demand.stop();
});

test("Demand tells over a link whatever it carries, and over none that closes", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const [busy, closing] = [addLink(poolA), addLink(poolA)];
  busy.socket.receive("take");
  await clock.advance(100);
  closing.socket.receive("pong 1");
  closing.link.close(1000, "retired");
  rise();
  await clock.advance(0);
  assertEquals([busy.takeSent(), closing.takeSent()], [["ok", "want 1"], ["close 1000"]]);
  demand.stop();
});

test("Demand tells a client of the calls that its links would serve, and of no others", async () => {
  const { clock, waiting, demand, addLink } = setUp();
  const [named, other, nameless] = [addLink(poolA, "edge-1"), addLink(poolB, "edge-2"), addLink("cccccccccccccccc")];
  const told = () => [named, other, nameless].map(({ takeSent }) => takeSent());
  waiting.named = { "edge-1": 20, "edge-3": 5 };
  demand.rose();
  await clock.advance(0);
  assertEquals(told(), [["want 20"], [], []]);
  waiting.count = 2;
  await clock.advance(1_000);
  assertEquals(told(), [["want 22"], ["want 2"], ["want 2"]]);
  demand.stop();
});

test("Demand tells nothing over links of npws/1", async () => {
  const { host, clock, links, demand, rise } = setUp();
  const socket = new RecordingSocket();
  links.add(new Npws1Link(socket, host, "00000000"));
  rise();
  await clock.advance(0);
  assertEquals(socket.sent, []);
  demand.stop();
});

test("Demand finds a link that comes later", async () => {
  const { clock, demand, addLink, rise } = setUp();
  rise();
  await clock.advance(0);
  const { takeSent } = addLink(poolA);
  await clock.advance(1_000);
  assertEquals(takeSent(), ["want 1"]);
  demand.stop();
});

test("Demand.stop() leaves no timer behind", async () => {
  const { clock, demand, addLink, rise } = setUp();
  const { takeSent } = addLink(poolA);
  rise();
  demand.stop();
  await clock.advance(5_000);
  assertEquals([takeSent(), clock.pending], [[], 0]);
});

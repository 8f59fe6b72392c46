import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { connect, type Socket } from "node:net";
import { eventually } from "../contract/eventually.ts";
import { helloText, readHello } from "../contract/npws2_raw.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { runtimeName, test } from "../harness.ts";
import { requestUpgrade } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";
import { Opcode } from "../websocket_frames.ts";
import { isLong } from "./long.ts";
import { LINKS, ProcessPair } from "./process_pair.ts";
import { assertServed, assertWhole, startCallers, stopCallers } from "./under_load.ts";
import { within } from "./within.ts";

const CLIENTS = 1_000;

/** How many times faster the server's clock runs, so that short test runs need not wait out its 10 s. */
const hurry = isLong ? 1 : 5;

/** How long the server waits for a hello, plus a second for the answer to its close. */
const HELLO_MS = (10_000 + 1_000) / hurry;

/** How late a busy machine may be. */
const LATE_MS = 5_000;

/** The silence that ends a link, in milliseconds: longer than a thousand upgrades occupy a busy machine. */
const [keepAliveMs, heartbeatTimeoutMs] = [1_000, 2_000];

/** What admitted clients do. */
interface Abuse {
  what: string;
  /** How long it lets them hold their places, in milliseconds. */
  heldMs: number;
  /** Runtimes that keep the sockets open as long as the clients stay, although the pool has closed or dropped them. */
  keptBy?: RuntimeName[];
  act(links: RawLink[]): Promise<void> | void;
}

const abuses: Abuse[] = [
  { what: "say no hello", heldMs: HELLO_MS, keptBy: ["deno", "bun"], act() {} },
  {
    what: "send garbage in the place of frames",
    heldMs: HELLO_MS, // some of the garbage happens to start a long frame
    act(links) {
      for (const link of links) link.write(crypto.getRandomValues(new Uint8Array(1_000)));
    },
  },
  {
    what: "send a text of 64 KiB in the place of a hello",
    heldMs: 1_000,
    async act(links) {
      const text = links[0].frame(Opcode.text, "x".repeat(65_536));
      for (const link of links) link.write(text);
      for (const { code } of await Promise.all(links.map((link) => link.readClose()))) assertEquals(code, 1002);
    },
  },
  {
    what: "say a hello and read nothing any more",
    heldMs: keepAliveMs + heartbeatTimeoutMs,
    keptBy: ["deno"],
    async act(links) {
      await Promise.all(links.map(readHello));
      for (const link of links) link.write(link.frame(Opcode.text, helloText()));
    },
  },
];

/** A server with 1,000 places, under the load of an honest client. */
function start(): Promise<ProcessPair> {
  const heartbeat = { keepAliveMs, heartbeatTimeoutMs };
  const hurried = { keepAliveMs: keepAliveMs * hurry, heartbeatTimeoutMs: heartbeatTimeoutMs * hurry };
  return ProcessPair.start({
    client: runtimeName,
    server: runtimeName,
    clientOptions: { ...heartbeat, dialTimeoutMs: 5_000 },
    serverOptions: { ...hurried, maxCapacity: CLIENTS },
    hurry,
  });
}

/** All clients arrive at once. Those for whom there is no place are refused. */
async function upgradeAll(pair: ProcessPair): Promise<RawLink[]> {
  const request = () => requestUpgrade(pair.proxy.target, { path: "/?npws=2" });
  const answers = await Promise.all(Array.from({ length: CLIENTS }, request));
  const { dialing } = await pair.server.call("stats");
  assert(dialing <= CLIENTS, `${dialing} links are being opened`);
  const [admitted, refused] = [101, 503].map((wanted) => answers.filter(({ status }) => status === wanted));
  assertEquals(admitted.length + refused.length, CLIENTS);
  assert(admitted.length >= CLIENTS - 4 * LINKS, `only ${admitted.length} were let in`); // the honest client holds some places
  for (const { link } of refused) link.destroy();
  return admitted.map(({ link }) => link);
}

/** Whether all places are free, except for links of the honest client and those that it has just lost. */
async function areFree(pair: ProcessPair): Promise<boolean> {
  const { dialing, links } = await pair.server.call("stats");
  return dialing <= LINKS && links <= 4 * LINKS;
}

for (const { what, heldMs, keptBy, act } of abuses) {
  test(`faults: 1,000 clients that ${what} keep nobody from a server on ${runtimeName}, and leave nothing there`, async () => {
    await using pair = await start();
    await startCallers(pair, "client", { longestBytes: 1_000 });
    const strays = await pair.server.call("straySockets");
    const links = await upgradeAll(pair);
    try {
      await act(links);
      await assertServed(pair, ["client"]);
      await within(heldMs + LATE_MS, "all places are free", eventually(() => areFree(pair)));
      const kept = await pair.server.call("straySockets") - strays;
      if (keptBy) assertEquals(kept > links.length / 2, keptBy.includes(runtimeName), `${kept} sockets are kept`);
    } finally {
      for (const link of links) link.destroy();
    }
    const gone = async () => await pair.server.call("straySockets") <= strays + LINKS;
    await within(LATE_MS, "all sockets are closed", eventually(gone));
    await assertServed(pair, ["client"]);
    await stopCallers(pair, ["client"]);
    await pair.client.call("flush");
    await assertWhole(pair);
  });
}

test(`faults: 1,000 clients that do not finish their requests keep nobody from a server on ${runtimeName}`, async () => {
  await using pair = await start();
  await startCallers(pair, "client", { longestBytes: 1_000 });
  const strays = await pair.server.call("straySockets");
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => sendHalf(pair.proxy.target)));
  try {
    await assertServed(pair, ["client"]);
    if (isLong) await assertDropped(sockets);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  const gone = async () => await pair.server.call("straySockets") <= strays + LINKS;
  await within(LATE_MS, "all sockets are closed", eventually(gone));
  await assertServed(pair, ["client"]);
  await stopCallers(pair, ["client"]);
  await assertWhole(pair);
});

/** Bun drops them after 10 s, checking every few seconds. Deno never does. */
async function assertDropped(sockets: Socket[]): Promise<void> {
  await delay(20_000);
  assertEquals(sockets.filter(({ destroyed }) => destroyed).length, runtimeName === "bun" ? CLIENTS : 0);
}

/** Resolves once it has sent part of a request. */
async function sendHalf(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.resume().on("error", () => {}); // a close follows
  await new Promise<void>((resolve) => {
    socket.write("GET /?npws=2 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n", () => resolve());
  });
  return socket;
}

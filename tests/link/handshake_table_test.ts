import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ConnectionLostError, ProtocolError } from "../../src/errors.ts";
import { clientHandshake, serverHandshake2 } from "../../src/link/handshake.ts";
import { formatHello } from "../../src/link/hello.ts";
import type { Link } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import { test } from "../harness.ts";
import { deliveries, type Delivery } from "./deliveries.ts";
import { PeerEnd } from "./peer_end.ts";
import { stateTables } from "./state_table.ts";

const ownId = "0000000a";
const ownHello = { window: 4_096, pool: "00112233aabbccdd" };

for (const role of ["client", "server"] as const) {
  test(`the handshake of the ${role} does in hello with each message what the state table says`, async () => {
    const cells = stateTables[role].get("hello")!;
    for (const delivery of deliveries) {
      const peer = new PeerEnd(role);
      const link = shakeHands(peer);
      link.catch(() => {});
      delivery.deliver(peer);
      await peer.host.clock.advance(0);
      await check(peer, link, delivery, cells.get(delivery.column)!);
    }
  });
}

/** The client's handshake sends second, and accepts either protocol. */
function shakeHands({ role, socket, host }: PeerEnd): Promise<Link> {
  const { signal } = new AbortController();
  return role === "client"
    ? clientHandshake(socket, host, "auto", ownHello, signal)
    : serverHandshake2(socket, host, ownId, ownHello, signal);
}

async function check(peer: PeerEnd, link: Promise<Link>, delivery: Delivery, cell: string): Promise<void> {
  const hello = formatHello(peer.role === "client" ? ownHello : { id: ownId, ...ownHello });
  const before = peer.role === "server" ? [hello] : [];
  if (cell === "V") {
    assertEquals(peer.takeSent(), [...before, "close 1002"], delivery.what);
    peer.socket.end(1002);
    await assertRejects(() => link, ProtocolError, "first message must be", delivery.what);
  } else if (cell === "gone") {
    assertEquals(peer.takeSent(), before, delivery.what);
    const lost = await assertRejects(() => link, ConnectionLostError, "before its first message", delivery.what);
    assertEquals(lost.code, delivery.code);
  } else {
    assert(cell.endsWith("→ idle"), `there is no rule for "${cell}"`);
    assertEquals(peer.takeSent(), [hello], delivery.what);
    checkOpened(await link, peer.role);
  }
  assertEquals(peer.takeTold(), [], `what the pool is told of ${delivery.what}`);
  assertEquals(peer.host.clock.pending, 0, `timers after ${delivery.what}`);
}

function checkOpened(link: Link, role: Role): void {
  assertInstanceOf(link, Npws2Link);
  assertEquals(link.state, "idle");
  assertEquals(link.id, role === "client" ? "0000000c" : ownId);
  assertEquals(link.peerPool, "ffeeddccbbaa9988");
  assertEquals(link.sendable(), 4_096, "the credit is the window of the peer's hello");
}

import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { deliveries, type Delivery } from "./deliveries.ts";
import { Expectation } from "./expectation.ts";
import { LinkRig } from "./link_rig.ts";
import { type Row, rows } from "./rows.ts";
import { stateTables } from "./state_table.ts";

for (const role of ["client", "server"] as const) {
  for (const [state, cells] of stateTables[role]) {
    if (state === "hello") continue; // there is no link yet; see the handshake's tests
    test(`a link of the ${role} does in ${state} with each message what the state table says`, async () => {
      const ways = rows.filter((row) => row.state === state);
      assert(ways.length > 0, `there is no way into ${state}`);
      for (const row of ways) {
        for (const delivery of deliveries) {
          await check(new LinkRig(role), row, delivery, cells.get(delivery.column)!);
        }
      }
    });

    test(`a link of the ${role} that shall retire does so in ${state} too, and asks whether all has arrived in the place of its idle`, async () => {
      for (const row of rows.filter((row) => row.state === state)) {
        for (const delivery of deliveries) {
          const rig = new LinkRig(role);
          await check(rig, row, delivery, cells.get(delivery.column)!, () => rig.host.isRetiring = true);
        }
      }
    });
  }
}

async function check(rig: LinkRig, row: Row, delivery: Delivery, cell: string, prepare = () => {}): Promise<void> {
  for (const step of row.steps) await step(rig);
  const where = `${delivery.what} in ${row.state} (${row.how})`;
  assertEquals(rig.row, row.state.replace("+idle", ""), `the row before ${where}`);
  rig.takeSent();
  rig.takeTold();
  prepare();

  const expected = new Expectation(rig, row);
  expected.follow(cell, delivery);
  delivery.deliver(rig);

  const { sent, told } = expected;
  assertEquals({ sent: rig.takeSent(), told: rig.takeTold() }, { sent, told }, where);
  assertEquals({ row: rig.row, id: rig.link.id }, { row: expected.row, id: expected.id }, `after ${where}`);
  assertEquals(rig.conduct.faults, [], `sent until ${where}`);
  if (cell === "limit") checkLimit(rig, delivery.count!, where);
  if (expected.row === "ended/ended") checkEnd(rig, expected.isPeerIdle, where);
}

/** Asserts that `credit` raised the limit, and that it never lowers it. */
function checkLimit(rig: LinkRig, limit: number, where: string): void {
  const available = rig.link.state === "closing" ? 0 : limit - rig.socket.sentBytes.length;
  assertEquals(rig.link.sendable(), available, `what may be sent after ${where}`);
  rig.receive("credit 1");
  assertEquals(rig.link.sendable(), available, `what may be sent after ${where} and a lower one`);
}

/** Asserts that the stream waits only for its reader, and is over as soon as that has read everything. */
function checkEnd(rig: LinkRig, isPeerIdle: boolean, where: string): void {
  if (rig.holder === "pool") rig.fetch();
  rig.stream?.read();
  const after = !isPeerIdle ? "done" : rig.host.isRetiring ? "closing" : "idle";
  assertEquals(rig.link.state, after, `the row after ${where} and the last read`);
}

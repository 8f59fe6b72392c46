import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { deliveries } from "./deliveries.ts";
import { LinkRig } from "./link_rig.ts";
import { rows } from "./rows.ts";
import { fin, hold, peer, peerIdle, type Step } from "./steps.ts";

for (const role of ["client", "server"] as const) {
  test(`a link of the ${role} that is found lost while it sends an answer stays closed, and nobody gets it`, async () => {
    for (const row of rows.filter(({ state }) => state !== "closing")) {
      for (const delivery of deliveries) {
        const rig = new LinkRig(role);
        for (const step of row.steps) await step(rig);
        rig.takeTold();
        rig.socket.isBroken = true;
        delivery.deliver(rig);
        if (!rig.socket.sent.includes("terminate")) continue; // it had nothing to send
        const where = `${delivery.what} in ${row.state} (${row.how})`;
        assertEquals([rig.link.state, rig.host.changes.at(-1)?.endsWith("-> closed")], ["closed", true], where);
        assertEquals(rig.takeTold().filter(isOffer), [], where);
      }
    }
  });

  test(`a link of the ${role} that is found lost while it sends its idle stays closed, and nobody gets it`, async () => {
    const rig = new LinkRig(role);
    const oneByte: Step = (rig) => rig.receiveData(1); // too little for a credit when it is read
    for (const step of [...hold, oneByte, peer("fin"), fin, peerIdle]) await step(rig);
    rig.takeTold();
    rig.socket.isBroken = true;
    rig.application!.read();
    assertEquals([rig.link.state, rig.host.changes.at(-1)], ["closed", "done -> closed"]);
    assertEquals(rig.takeTold().filter(isOffer), []);
  });
}

function isOffer(told: string): boolean {
  return told === "free" || told.startsWith("reserved by");
}

import { assertEquals, assertRejects } from "@std/assert";
import { LinkConnection } from "../../src/connection/connection.ts";
import { ConnectionLostError } from "../../src/errors.ts";
import { relay } from "../../src/relay.ts";
import { test } from "../harness.ts";
import { HALF_WINDOW_BYTES } from "./fake_link_host.ts";
import { LinkRig } from "./link_rig.ts";
import { hold } from "./steps.ts";

/** A link in use whose socket turns out to be lost when it sends its next message. */
async function setUp(): Promise<{ rig: LinkRig; connection: LinkConnection }> {
  const rig = new LinkRig("client");
  for (const step of hold) await step(rig);
  const connection = new LinkConnection(rig.application!, rig.host.clock);
  rig.socket.isBroken = true;
  return { rig, connection };
}

const reads: Record<string, (connection: LinkConnection) => Promise<unknown>> = {
  "a read": ({ readable }) => readable.getReader().read(),
  "a read into memory of the application's own": ({ readable }) =>
    readable.getReader({ mode: "byob" }).read(new Uint8Array(HALF_WINDOW_BYTES)),
  "a relay's read": (connection) =>
    relay(connection, { readable: new ReadableStream(), writable: new WritableStream() }),
};

for (const [what, read] of Object.entries(reads)) {
  test(`a link that ${what} finds lost while it grants credit breaks that read, and throws at nobody else`, async () => {
    const { rig, connection } = await setUp();
    const broken = assertRejects(() => read(connection), ConnectionLostError);
    await rig.turn();
    rig.receiveData(HALF_WINDOW_BYTES);
    await broken;
    assertEquals(rig.link.state, "closed");
  });
}

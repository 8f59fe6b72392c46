import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { buildGoPeer } from "../interop/go_build.ts";
import { startGoPeer } from "../interop/go_peer.ts";
import { startClient } from "./tunnel.ts";

const build = await buildGoPeer();

test("tunnel client tells a server in Go from one that has a tunnel, and ends", async () => {
  await using server = await startGoPeer((build as { program: string }).program, { role: "server", capacity: 10 });
  await using client = startClient(`ws://127.0.0.1:${server.port}`, 1);
  assertEquals(await client.exited, 3);
  await client.logged(
    /^Cannot tunnel through ws:.*: the server speaks only npws\/1, which does not support the tunnel$/,
  );
}, { skip: "missing" in build });

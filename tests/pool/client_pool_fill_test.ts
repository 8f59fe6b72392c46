import { assertEquals } from "@std/assert";
import { FakeWorld, idOf, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

test("ClientPool goes on dialing when all dials under way succeed in the same turn", async () => {
  await using world = new FakeWorld();
  const server = world.server();
  server.greet = () => {};
  const pool = world.clientPool({ url: urlOf(server), minCapacity: 6, dialConcurrency: 4 });
  pool.start();
  await world.settle();
  const dialing: number[] = [];
  pool.addEventListener("linkopen", () => dialing.push(pool.stats().dialing));
  // These bypass the network, which delivers each message in a turn of its own.
  [...world.network.cables].forEach(({ client }, index) => client.handler!.onMessage(idOf(index).slice()));
  await world.settle();
  assertEquals(dialing, [3, 2, 1, 0]);
  assertEquals([pool.active, pool.stats().dialing], [4, 2]);
});

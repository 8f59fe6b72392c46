import { assertEquals, assertRejects } from "@std/assert";
import { PoolTimeoutError } from "@npws/pool";
import { dialNpws2, helloText, RawPeer } from "../contract/npws2_raw.ts";
import { clientPool, serverPool, until, urlOf } from "../contract/pools.ts";
import { readExactly, write } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { requestUpgrade } from "../npws1_peer.ts";

test("an id is of no use to a client whose link it does not name", async () => {
  await using server = serverPool();
  await server.start();
  const one = { minCapacity: 1, maxCapacity: 1, url: urlOf(server) };
  await using owner = clientPool({ ...one, name: "owner" });
  await using other = clientPool({ ...one, name: "other" });
  await Promise.all([owner.start(), other.start()]);
  await until(server, ({ idle }) => idle === 2);
  const ours = await server.incomingGet({ peer: "owner" });
  await assertRejects(() => other.outgoingGet(ours.id, { timeoutMs: 100 }), PoolTimeoutError);
  const theirs = await owner.outgoingGet(ours.id);
  await write(theirs, "only mine");
  assertEquals(new TextDecoder().decode(await readExactly(ours, 9)), "only mine");
  await Promise.all([ours, theirs].map((connection) => connection.close()));
  await Promise.all([owner, other].map((client) => client.close({ drainMs: 0 })));
});

test("a client that says an id takes no link with it, and names none", async () => {
  await using server = serverPool();
  await server.start();
  const { port } = server.address;
  const victim = await dialNpws2(port);
  const { id } = victim.hello as { id: string };
  await victim.link.write(victim.link.frame(0x1, helloText()));
  await until(server, ({ idle }) => idle === 1);

  for (const said of [`take ${id}`, `open ${id} `, `idle ${id}`, `ok ${id}`, id]) {
    const { link, hello } = await dialNpws2(port);
    const peer = new RawPeer(link, hello, hello.id as string);
    await peer.say(helloText({ id }), said);
    assertEquals((await link.readClose()).code, 1002, said);
    link.destroy();
  }
  // An id in a client's hello has no effect: the id that the server sent remains.
  const { link, hello } = await dialNpws2(port);
  const peer = new RawPeer(link, hello, hello.id as string);
  await peer.say(helloText({ id: "deadbeef" }));
  await peer.sync();
  await assertRejects(() => server.outgoingGet("deadbeef", { timeoutMs: 0 }), PoolTimeoutError);

  const got = server.outgoingGet(id);
  const victimPeer = new RawPeer(victim.link, victim.hello, id);
  await victimPeer.expect("take");
  await victimPeer.say("ok");
  assertEquals((await got).id, id);
  for (const { link } of [victim, peer]) link.destroy();
});

test("an id lets nobody in who is not admitted", async () => {
  await using server = serverPool({ token: "secret" });
  await server.start();
  await using client = clientPool({ url: urlOf(server), token: "secret" });
  await client.start();
  const ids = ["00000000", (await client.incomingGet()).id];
  for (const id of ids) {
    const asked = [
      { path: `/${id}` },
      { path: `/?npws=2&id=${id}` },
      { path: "/?npws=2", headers: { Authorization: `Bearer ${id}`, "Sec-WebSocket-Protocol": id } },
    ];
    for (const options of asked) {
      const { status, link } = await requestUpgrade(server.address.port, options);
      assertEquals(status, 401);
      link.destroy();
    }
  }
  await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
});

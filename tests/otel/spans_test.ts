import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type Pool, PoolTimeoutError, ServerPool } from "@npws/pool";
import { instrument } from "@npws/pool/otel";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { eventually } from "../contract/eventually.ts";
import { startPools } from "../contract/pools.ts";
import { readText, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { Telemetry } from "./telemetry.ts";

const names = (telemetry: Telemetry) => telemetry.spans.map(({ name }) => name).sort();

/** Opens a stream at one end, accepts it at the other, and sends a word each way. */
async function converse(opener: Pool, acceptor: Pool): Promise<void> {
  const [asking, answering] = await Promise.all([opener.open(), acceptor.accept()]);
  await Promise.all([writeAndClose(asking, "question"), writeAndClose(answering, "reply")]);
  await Promise.all([readText(asking), readText(answering)]);
  await Promise.all([asking.closed, answering.closed]);
}

test("instrument().pool makes a span of a get and one of its connection, under the caller's own", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2, client: { name: "edge-7" } });
  using instrumented = instrument(pools.server, { ...telemetry, attributes: { "npws.pool.name": "north" } });
  const outer = telemetry.tracer.startSpan("outer");
  await context.with(trace.setSpan(context.active(), outer), () => converse(instrumented.pool, pools.client));
  await eventually(() => telemetry.spans.length === 2);
  const [get, connection] = telemetry.spans;
  assertEquals([get.name, connection.name], ["npws.pool.open", "npws.connection"]);
  for (const { parentSpanContext, attributes, status } of [get, connection]) {
    assertEquals(parentSpanContext?.spanId, outer.spanContext().spanId);
    assertEquals(attributes["npws.pool.name"], "north");
    assertEquals(status.code, SpanStatusCode.UNSET);
  }
  assertEquals(get.attributes["npws.pool.operation"], "open");
  const { attributes } = connection;
  assertEquals([attributes["npws.peer.name"], attributes["network.protocol.version"]], ["edge-7", "2"]);
  assertEquals([attributes["npws.connection.bytes_read"], attributes["npws.connection.bytes_written"]], [5, 8]);
});

test("instrument().pool makes spans of all four gets", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2, client: { minCapacity: 2 } });
  using server = instrument(pools.server, telemetry);
  using client = instrument(pools.client, telemetry);
  await converse(server.pool, client.pool);
  const taken = await server.pool.incomingGet();
  const fetched = await client.pool.outgoingGet(taken.id);
  await Promise.all([taken.close(), fetched.close()]);
  await eventually(() => telemetry.spans.length === 8);
  assertEquals(names(telemetry), [
    ...Array(4).fill("npws.connection"),
    "npws.pool.accept",
    "npws.pool.incomingGet",
    "npws.pool.open",
    "npws.pool.outgoingGet",
  ]);
});

test("instrument().pool tells of a get that fails", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  using instrumented = instrument(pools.server, telemetry);
  const error = await assertRejects(() => instrumented.pool.accept({ timeoutMs: 1 }), PoolTimeoutError);
  const [{ name, status, attributes }, ...more] = telemetry.spans;
  assertEquals(more, []);
  assertEquals([name, attributes["error.type"]], ["npws.pool.accept", "PoolTimeoutError"]);
  assertEquals(status, { code: SpanStatusCode.ERROR, message: error.message });
});

test("instrument().pool tells of a connection that breaks", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  using instrumented = instrument(pools.server, telemetry);
  const [ours, theirs] = await Promise.all([instrumented.pool.open(), pools.client.accept()]);
  theirs.abort();
  await assertRejects(() => ours.closed);
  await eventually(() => telemetry.spans.length === 2);
  const [, { name, status, attributes }] = telemetry.spans;
  assertEquals([name, attributes["error.type"]], ["npws.connection", "ConnectionResetError"]);
  assertEquals(status.code, SpanStatusCode.ERROR);
});

test("instrument().pool makes spans of what accepted() and incoming() hand out, and none of the waiting", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2, client: { minCapacity: 2 } });
  using instrumented = instrument(pools.client, telemetry);
  const opened = await pools.server.open();
  for await (const accepted of instrumented.pool.accepted()) {
    await Promise.all([accepted.close(), opened.close()]);
    break;
  }
  for await (const taken of instrumented.pool.incoming()) {
    const fetched = await pools.server.outgoingGet(taken.id);
    await Promise.all([taken.close(), fetched.close()]);
    break;
  }
  await eventually(() => telemetry.spans.length === 2);
  assertEquals(names(telemetry), ["npws.connection", "npws.connection"]);
});

test("instrument().pool tells the final id of a connection that was taken early", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  using instrumented = instrument(pools.client, telemetry);
  const opened = await instrumented.pool.open({ early: true });
  const accepted = await pools.server.accept();
  await opened.opened;
  await Promise.all([opened.close(), accepted.close()]);
  await eventually(() => telemetry.spans.length === 2);
  assertEquals(telemetry.spans[1].attributes["npws.link.id"], accepted.id);
});

test("instrument().pool measures gets and connections", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  using instrumented = instrument(pools.server, telemetry);
  await converse(instrumented.pool, pools.client);
  await converse(instrumented.pool, pools.client);
  await assertRejects(() => instrumented.pool.accept({ timeoutMs: 1 }));
  await eventually(() => telemetry.spans.length === 5);
  const histograms = (await telemetry.points()).filter(({ kind }) => kind === "histogram");
  assertEquals(histograms.map(({ name, unit, attributes, value }) => [name, unit, attributes, value]), [
    ["npws.pool.get.duration", "s", { "npws.pool.operation": "open" }, 2],
    ["npws.pool.get.duration", "s", { "npws.pool.operation": "accept", "error.type": "PoolTimeoutError" }, 1],
    ["npws.pool.connection.duration", "s", {}, 2],
  ]);
});

test("instrument().pool is the pool in all else, and the pool itself stays as it was", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  using instrumented = instrument(pools.server, telemetry);
  const { pool } = instrumented;
  assertInstanceOf(pool, ServerPool);
  assertEquals([pool.address, pool.stats()], [pools.server.address, pools.server.stats()]);
  assertEquals(pool.open, pool.open);
  const closed = new Promise((resolve) => pool.addEventListener("linkclose", resolve, { once: true }));
  await converse(pools.server, pools.client); // bypassing the instrumentation
  await pool.close();
  await closed;
  assertEquals(pools.server.isReady, false);
  assertEquals(telemetry.spans, []);
});

test("instrument().pool records nothing that begins after the disposal", async () => {
  await using telemetry = new Telemetry();
  await using pools = await startPools({ protocol: 2 });
  const instrumented = instrument(pools.server, telemetry);
  const { pool } = instrumented;
  instrumented[Symbol.dispose]();
  await converse(pool, pools.client);
  const opened = await pools.client.open();
  for await (const accepted of pool.accepted()) {
    await Promise.all([accepted.close(), opened.close()]);
    break;
  }
  assertEquals(telemetry.spans, []);
  assertEquals(await telemetry.points(), []);
});

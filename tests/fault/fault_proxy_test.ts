import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { eventually } from "../contract/eventually.ts";
import { pattern } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { concat } from "../websocket_frames.ts";
import { type Fault, FaultProxy, faults, type Trap } from "./fault_proxy.ts";
import type { WayLimits } from "./way.ts";

/** One end of a connection, and what it has observed. */
class End {
  readonly socket: Socket;
  readonly #chunks: Uint8Array[] = [];
  /** How the connection ended for this end, if it has. */
  ended: "not" | "end" | "reset" = "not";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    socket.on("end", () => this.ended = "end");
    socket.on("error", () => this.ended = "reset");
  }

  get received(): Uint8Array {
    return concat(...this.#chunks);
  }
}

/** A proxy in front of a server, and both ends of the connections through it. */
class Setting implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly #listener: Server;
  readonly #ends: End[] = [];

  private constructor(proxy: FaultProxy, listener: Server) {
    this.proxy = proxy;
    this.#listener = listener;
  }

  static async make(limits: WayLimits = {}, ...traps: Trap[]): Promise<Setting> {
    const listener = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const proxy = await FaultProxy.listen((listener.address() as { port: number }).port, limits);
    traps.forEach((trap) => proxy.lay(trap));
    return new Setting(proxy, listener);
  }

  /** Opens a connection. */
  async open(): Promise<{ client: End; server: End }> {
    const accepted = once(this.#listener, "connection") as Promise<[Socket]>;
    const port = Number(new URL(this.proxy.url).port);
    const client = this.#keep(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
    return { client, server: this.#keep((await accepted)[0]) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#ends) socket.destroy();
    await this.proxy[Symbol.asyncDispose]();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #keep(socket: Socket): End {
    const end = new End(socket);
    this.#ends.push(end);
    return end;
  }
}

/** How each end sees each fault. */
const seen: Record<Fault, [client: End["ended"], server: End["ended"]]> = {
  cut: ["end", "end"],
  reset: ["reset", "reset"],
  blackhole: ["not", "not"],
  "half-open at the client": ["not", "reset"],
  "half-open at the server": ["reset", "not"],
};

test("FaultProxy hands both directions on as they are, and the end of each by itself", async () => {
  await using setting = await Setting.make();
  const { client, server } = await setting.open();
  client.socket.end("question");
  await eventually(() => server.ended === "end");
  server.socket.end("answer");
  await eventually(() => client.ended === "end" && setting.proxy.forwarded === 0);
  assertEquals(new TextDecoder().decode(server.received), "question");
  assertEquals(new TextDecoder().decode(client.received), "answer");
});

test("FaultProxy hands a reset on", async () => {
  await using setting = await Setting.make();
  const { client, server } = await setting.open();
  client.socket.resetAndDestroy();
  await eventually(() => server.ended === "reset" && setting.proxy.forwarded === 0);
});

test("FaultProxy lets no more bytes through in a second than its way is wide, later and in order", async () => {
  const [bytesPerSecond, delayMs] = [1_000_000, 50];
  await using setting = await Setting.make({ bytesPerSecond, delayMs });
  const { client, server } = await setting.open();
  const content = pattern(300_000);
  const startedAt = performance.now();
  client.socket.write(content);
  await eventually(() => server.received.length === content.length);
  const leastMs = delayMs + content.length / bytesPerSecond * 1_000;
  assert(performance.now() - startedAt >= leastMs, `it took only ${performance.now() - startedAt} ms`);
  assertEquals(server.received, content);
});

for (const fault of faults) {
  const [atClient, atServer] = seen[fault];

  test(`FaultProxy inflicts on the connections of now, and on no later one: ${fault}`, async () => {
    await using setting = await Setting.make();
    const { client, server } = await setting.open();
    client.socket.write("x");
    await eventually(() => server.received.length === 1);
    setting.proxy.inflict(fault);
    assertEquals(setting.proxy.forwarded, 0);
    await eventually(() => client.ended === atClient && server.ended === atServer);
    for (const { socket } of [client, server]) if (!socket.destroyed) socket.write("y");
    const later = await setting.open();
    later.client.socket.write("z");
    await eventually(() => later.server.received.length === 1);
    assertEquals([client.received.length, server.received.length], [0, 1]);
    setting.proxy.clear();
    await eventually(() => client.ended !== "not" && server.ended !== "not");
    assertEquals(setting.proxy.forwarded, 1);
  });

  test(`FaultProxy springs a trap after exactly as many bytes: ${fault}`, async () => {
    await using setting = await Setting.make({}, { fault, from: "server", afterBytes: 100_000 });
    const { client, server } = await setting.open();
    client.socket.write("x");
    await eventually(() => server.received.length === 1);
    const content = pattern(200_000);
    for (let at = 0; at < content.length; at += 7_000) server.socket.write(content.subarray(at, at + 7_000));
    await eventually(() => client.received.length === 100_000 && client.ended === atClient);
    assertEquals(client.received, content.slice(0, 100_000));
    await eventually(() => server.ended === atServer);
    assertEquals(setting.proxy.forwarded, 0);
  });
}

test("FaultProxy springs each trap on one connection, in the order in which they were laid", async () => {
  const traps = [0, 2].map((afterBytes): Trap => ({ fault: "cut", from: "client", afterBytes }));
  await using setting = await Setting.make({}, ...traps);
  const ends = [await setting.open(), await setting.open(), await setting.open()];
  for (const { client } of ends) client.socket.write("abc");
  await eventually(() => ends.map(({ server }) => server.received.length).join() === "0,2,3");
  await eventually(() => ends.map(({ client }) => client.ended).join() === "end,end,not");
});

test("FaultProxy lets nothing through while it is blocked, new connections neither", async () => {
  await using setting = await Setting.make();
  const { client, server } = await setting.open();
  setting.proxy.block();
  client.socket.write("x");
  const port = Number(new URL(setting.proxy.url).port);
  const unanswered = connect({ port, host: "127.0.0.1" });
  await once(unanswered, "connect");
  setting.proxy.unblock();
  const later = await setting.open();
  later.client.socket.write("z");
  await eventually(() => later.server.received.length === 1);
  assertEquals([server.received.length, setting.proxy.forwarded], [0, 1]);
  unanswered.destroy();
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { KeepAlive } from "../../examples/tunnel/keep_alive.ts";
import { listenTcp } from "../../examples/tunnel/tcp.ts";
import { TcpConnector } from "../../examples/tunnel/tcp_connector.ts";
import type { TcpSocket } from "../../examples/tunnel/tcp_socket.ts";
import { atRest } from "../at_rest.ts";
import { test } from "../harness.ts";
import { countSockets } from "../leaks.ts";
import { deafTarget } from "./deaf_target.ts";
import { deadPort, listen } from "./target.ts";

/** Both ends of a connection. Disposing them destroys both. */
interface Ends extends Disposable {
  readonly near: TcpSocket;
  /** Does not read until told to. */
  readonly far: Socket;
}

function ends(near: TcpSocket, far: Socket): Ends {
  far.on("error", () => {}); // handled by the tests that expect it
  return {
    near,
    far,
    [Symbol.dispose]() {
      near.destroy();
      far.destroy();
    },
  };
}

/** The ways to obtain a socket of the tunnel, together with its other end. */
const WAYS: Record<string, () => Promise<Ends>> = {
  async "accepted by listenTcp()"() {
    const { promise, resolve, reject } = Promise.withResolvers<TcpSocket>();
    const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 }, { connected: resolve, failed: reject });
    const far = connect({ host: "127.0.0.1", port: listener.address.port, allowHalfOpen: true });
    const near = await promise;
    listener.close();
    if (far.connecting) await once(far, "connect");
    return ends(near, far);
  },
  async "made by TcpConnector"() {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = createServer({ allowHalfOpen: true }, resolve);
    const near = await connector().connect({ hostname: "127.0.0.1", port: await listen(server) });
    const far = await promise;
    server.close();
    return ends(near, far);
  },
};

/** The events that a socket has emitted so far. */
class Heard {
  byteLength = 0;
  chunks = 0;
  /** The events after the data, in order. */
  readonly events: string[] = [];
  readonly #until: { holds: () => boolean; resolve: () => void }[] = [];

  constructor(socket: TcpSocket | Socket) {
    socket.on("data", (bytes: Uint8Array) =>
      this.#hear(() => {
        this.byteLength += bytes.byteLength;
        this.chunks++;
      }));
    for (const event of ["end", "error", "close"]) socket.on(event, () => this.#hear(() => this.events.push(event)));
  }

  /** Resolves once the last event is this one. */
  last(event: string): Promise<void> {
    return this.until(() => this.events.at(-1) === event);
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#until.push({ holds, resolve });
      this.#hear(() => {});
    });
  }

  #hear(change: () => void): void {
    change();
    for (const { holds, resolve } of this.#until) if (holds()) resolve();
  }
}

/** Creates a connector that is never aborted. */
function connector(timeoutMs = 10_000): TcpConnector {
  return new TcpConnector(timeoutMs, new AbortController().signal);
}

const PIECE = new Uint8Array(50_000);

/** More than the system buffers for a peer that reads nothing. */
const MUCH = new Uint8Array(32 * 1024 * 1024);

/** Writes until the socket signals backpressure, and returns how much was written. */
function fill(socket: TcpSocket): number {
  let written = PIECE.byteLength;
  while (socket.write(PIECE)) written += PIECE.byteLength;
  return written;
}

function sentEnd(socket: TcpSocket): Promise<Error | null | undefined> {
  return new Promise((resolve) => socket.end(resolve));
}

for (const [made, join] of Object.entries(WAYS)) {
  test(`a socket ${made} ends each direction by itself`, async () => {
    using both = await join();
    const [near, far] = [new Heard(both.near), new Heard(both.far)];
    both.near.resume();
    both.far.end("question");
    await near.last("end");
    both.near.write(new TextEncoder().encode("answer after the end"));
    assertEquals(await sentEnd(both.near) ?? null, null);
    await far.last("close");
    assertEquals([near.byteLength, far.byteLength], [8, 20]);
    await near.last("close");
    assertEquals([near.events, far.events], [["end", "close"], ["end", "close"]]);
  });

  test(`a socket ${made} tells what came before anybody listened, and the end behind it`, async () => {
    using both = await join();
    both.far.end(MUCH);
    await atRest(() => both.far.writableLength);
    assert(both.far.writableLength > 0); // the rest waits until somebody listens
    const near = new Heard(both.near);
    both.near.resume();
    await near.last("end");
    assertEquals(near.byteLength, MUCH.byteLength);
  });

  test(`a socket ${made} tells nothing while it is paused, and all of it later`, async () => {
    using both = await join();
    const near = new Heard(both.near);
    both.near.on("data", () => both.near.pause());
    both.near.pause();
    both.far.resume();
    both.near.write(PIECE);
    await sentEnd(both.near); // so that only the peer's end is still missing
    const sent = 10 * PIECE.byteLength;
    for (let i = 0; i < 10; i++) both.far.write(PIECE);
    both.far.end();
    for (let chunks = 0; near.byteLength < sent; chunks++) {
      await atRest(() => near.byteLength);
      assertEquals(near.chunks, chunks);
      both.near.resume();
      await near.until(() => near.chunks > chunks);
    }
    both.near.resume();
    await near.last("close");
    assertEquals([near.byteLength, near.events], [sent, ["end", "close"]]);
  });

  test(`a socket ${made} takes no more from its peer while it is paused, and tells none of it when it breaks`, async () => {
    using both = await join();
    const near = new Heard(both.near);
    both.near.resume();
    both.near.pause();
    both.far.write(MUCH);
    await atRest(() => both.far.writableLength);
    assert(both.far.writableLength > 0);
    both.far.resetAndDestroy();
    await atRest(() => near.events.length);
    assertEquals(near.byteLength, 0);
  });

  test(`a socket ${made} wants no more while its peer reads nothing, and ends behind all of it`, async () => {
    using both = await join();
    const drained = new Promise((resolve) => both.near.on("drain", () => resolve("drain")));
    let written = fill(both.near);
    assert(both.near.writableNeedDrain);
    const far = new Heard(both.far);
    assertEquals(await drained, "drain");
    assert(!both.near.writableNeedDrain);
    both.far.pause();
    written += fill(both.near);
    const end = sentEnd(both.near);
    both.far.resume();
    assertEquals(await end ?? null, null);
    await far.last("end");
    assertEquals(far.byteLength, written);
  });

  test(`a socket ${made} can be reset`, async () => {
    using both = await join();
    const far = new Heard(both.far);
    both.near.resetAndDestroy();
    await far.last("close");
    assertEquals([far.events, both.near.destroyed], [["error", "close"], true]);
  });

  test(`a socket ${made} tells a reset, also to who waits for the end to be sent`, async () => {
    using both = await join();
    const near = new Heard(both.near);
    both.near.resume();
    both.far.pause();
    fill(both.near);
    const end = sentEnd(both.near);
    both.far.resetAndDestroy();
    assert(await end instanceof Error);
    await near.last("close");
    assertEquals([near.events.includes("end"), both.near.destroyed], [false, true]);
    assert(await sentEnd(both.near) instanceof Error);
  });

  test(`a socket ${made} that breaks before anybody listens breaks nothing else`, async () => {
    using both = await join();
    both.far.resetAndDestroy();
    for (let write = 0; write < 20 && !both.near.destroyed; write++) {
      both.near.write(PIECE);
      await delay(1);
    }
    if (both.near.destroyed) return;
    const near = new Heard(both.near); // Bun tells nothing of an accepted socket that is paused
    both.near.resume();
    await near.last("close");
  });

  test(`a socket ${made} lets no peer take a part for the whole that ended at once and reads late`, async () => {
    using both = await join();
    const near = new Heard(both.near);
    both.near.resume();
    both.far.end();
    await near.last("end");
    let written = 0;
    while (written < 20_000_000) {
      both.near.write(PIECE);
      written += PIECE.byteLength;
    }
    both.near.end(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    const far = new Heard(both.far);
    await far.last("close");
    if (far.events[0] === "end") assertEquals(far.byteLength, written);
    else assertEquals(far.events[0], "error");
  });
}

test("listenTcp() rejects with the reason alone", async () => {
  const events = { connected: () => {}, failed: () => {} };
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 }, events);
  await assertRejects(() => listenTcp(listener.address, events), Error, "address already in use");
  listener.close();
});

test("TcpConnector rejects with the target and the reason", async () => {
  const port = await deadPort();
  const why = `Cannot connect to 127.0.0.1:${port}: connection refused`;
  await assertRejects(() => connector().connect({ hostname: "127.0.0.1", port }), Error, why);
});

/** Waits for a connector's answer, and has it look for late attempts in the meantime. */
async function swept<T>(connector: TcpConnector, answer: Promise<T>): Promise<T> {
  const timer = setInterval(() => connector.giveUpLate(), 10);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}

test("TcpConnector gives up only attempts that are in progress", async () => {
  const givenUp: string[] = [];
  const attempts = ["succeeds", "fails", "hangs"].map((name) => ({
    ...Promise.withResolvers<TcpSocket>(),
    giveUp: () => givenUp.push(name),
  }));
  const begun = attempts.values();
  const impatient = new TcpConnector(0, new AbortController().signal, () => begun.next().value!);
  const target = { hostname: "127.0.0.1", port: 1 };
  const [succeeds, fails] = attempts.map(() => impatient.connect(target));
  attempts[0]!.resolve({} as TcpSocket);
  attempts[1]!.reject(new Error("no way"));
  await succeeds;
  await assertRejects(() => fails!, Error, "Cannot connect to 127.0.0.1:1: no way");
  impatient.giveUpLate();
  assertEquals(givenUp, ["hangs"]);
});

test("TcpConnector gives up a target that does not answer, and reaches others meanwhile", async () => {
  await using deaf = await deafTarget();
  const slow = connector(1_400);
  const { connecting } = await deaf.unanswered(slow);
  const why = `Cannot connect to 127.0.0.1:${deaf.target.port}: no connection within 1400 ms`;
  await assertRejects(() => swept(slow, connecting), Error, why);
  const before = countSockets();
  const fast = connector(100);
  await assertRejects(() => swept(fast, fast.connect(deaf.target)), Error, "no connection within 100 ms");
  assertEquals(countSockets(), before); // a connection attempt that cannot be cancelled is not started again
  using both = await WAYS["made by TcpConnector"]();
  assert(!both.near.destroyed);
});

test("TcpConnector gives each target its own time", async () => {
  await using deaf = await deafTarget();
  const one = connector(1_100);
  const { connecting: early } = await deaf.unanswered(one);
  const late = one.connect(deaf.target);
  const nextTurn = () => new Promise((resolve) => setTimeout(() => resolve("early alone")));
  const first = Promise.race([late.catch(() => "late"), early.catch(nextTurn)]);
  await assertRejects(() => swept(one, late), Error, "no connection within 1100 ms");
  assertEquals(await first, "early alone");
});

test("TcpConnector gives up what is under way when its signal aborts, and what is begun later", async () => {
  await using deaf = await deafTarget();
  const end = new AbortController();
  const ended = new TcpConnector(10_000, end.signal);
  const { connecting } = await deaf.unanswered(ended);
  end.abort(new Error("the end"));
  const why = `Cannot connect to 127.0.0.1:${deaf.target.port}: the end`;
  for (const given of [connecting, ended.connect(deaf.target)]) await assertRejects(() => given, Error, why);
});

/** Which timer the system runs for the connection to a local port, and how long it still takes, in hundredths of a second. */
function timerTo(port: number): { readonly kind: number; readonly expires: number } {
  const table = readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/));
  const digits = port.toString(16).toUpperCase().padStart(4, "0");
  const isOpen = ([, , remote, state]: string[]) => remote?.endsWith(`:${digits}`) && state === "01";
  const [, , , , , timer] = table.find(isOpen)!;
  const [kind, expires] = timer!.split(":").map((digits) => parseInt(digits, 16));
  return { kind: kind!, expires: expires! };
}

const NO_TIMER = 0;
const KEEP_ALIVE_TIMER = 2;

for (const [made, join] of Object.entries(WAYS)) {
  test(`KeepAlive lets the system ask whether the peer of a socket ${made} still lives`, async () => {
    using both = await join();
    const { localPort } = both.far;
    const keepAlive = new KeepAlive();
    keepAlive.enter(both.near);
    assertEquals(timerTo(localPort!).kind, NO_TIMER);
    keepAlive.turnOn();
    const { kind, expires } = timerTo(localPort!);
    assertEquals(kind, KEEP_ALIVE_TIMER);
    assert(expires > 5_000 && expires <= 6_000, `in ${expires} hundredths of a second`);
  }, { skip: !existsSync("/proc/net/tcp") });
}

test("KeepAlive asks the system once for each connection, and for none that is over", () => {
  const asked: string[] = [];
  const socket = (name: string) => ({ setKeepAlive: () => asked.push(name) }) as unknown as TcpSocket;
  const keepAlive = new KeepAlive();
  const [short] = [keepAlive.enter(socket("short")), keepAlive.enter(socket("long"))];
  keepAlive.leave(short!);
  keepAlive.turnOn();
  keepAlive.enter(socket("other"));
  keepAlive.turnOn();
  assertEquals(asked, ["long", "other"]);
});

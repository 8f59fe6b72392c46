import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection.ts";
import type { Role } from "../../src/link/metered_link.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { DispatcherRig, type RiggedLink } from "../dispatcher_rig.ts";
import { Conduct } from "./conduct.ts";
import { data, nonsense, textsByColumn } from "./fuzz_messages.ts";
import { rowOf } from "./link_rig.ts";
import { stateTables } from "./state_table.ts";

/** What happens next. */
export type Step =
  | LegalStep
  | { readonly kind: "nonsense"; readonly message: Message }
  | { readonly kind: "pool"; readonly act: PoolAct }
  | { readonly kind: "application"; readonly act: ApplicationAct }
  | { readonly kind: "time"; readonly ms: number };

/** The peer says something that the state table allows in the present row: `choice` is the column. */
interface LegalStep {
  readonly kind: "legal";
  readonly choice: number;
  /** What it says, by column. */
  readonly texts: Readonly<Record<string, string>>;
  readonly data: Uint8Array<ArrayBuffer>;
}

const calls = ["any", "any early", "id", "id early", "open", "open early", "accept"] as const;
const poolActs = [...calls, "give up", "sweep", "fill", "drain"] as const;
const applicationActs = ["write", "write much", "end", "read", "cancel", "abort", "close"] as const;

type Call = typeof calls[number];
type PoolAct = typeof poolActs[number];
type ApplicationAct = typeof applicationActs[number];

const legal: fc.Arbitrary<Step> = fc.tuple(fc.nat(), fc.record({ ...textsByColumn }), data(1_000))
  .map(([choice, texts, data]) => ({ kind: "legal", choice, texts, data }));

/** A step of any kind; most of them keep the link alive, so that the rest has something to meet. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: legal },
  { weight: 1, arbitrary: nonsense.map((message): Step => ({ kind: "nonsense", message })) },
  { weight: 16, arbitrary: fc.constantFrom(...poolActs).map((act): Step => ({ kind: "pool", act })) },
  { weight: 20, arbitrary: fc.constantFrom(...applicationActs).map((act): Step => ({ kind: "application", act })) },
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 60, 1_500, 31_000).map((ms): Step => ({ kind: "time", ms })) },
);

/** A pool with one link whose peer is out of its mind, and two with streams that must not notice. */
export class FuzzedPool {
  readonly #role: Role;
  readonly #rig: DispatcherRig;
  readonly #fuzzed: RiggedLink;
  readonly #conduct: Conduct;
  /** Links with a stream each, and what their applications have. */
  readonly #taken: RiggedLink;
  readonly #accepted: RiggedLink;
  readonly #takenStream: Promise<PoolConnection>;
  readonly #acceptedStream: Promise<PoolConnection>;
  /** The latest connection over the fuzzed link. */
  #latest: PoolConnection | undefined;
  #aborter = new AbortController();

  constructor(role: Role) {
    this.#role = role;
    this.#rig = new DispatcherRig(role);
    this.#taken = this.#rig.addLink();
    this.#takenStream = this.#rig.incomingGet();
    this.#taken.says("ok");
    this.#taken.socket.receive(Uint8Array.of(1, 2, 3));
    this.#accepted = this.#rig.addLink();
    this.#accepted.says("open");
    this.#acceptedStream = this.#rig.accept();
    this.#accepted.socket.receive(Uint8Array.of(4, 5, 6));
    this.#accepted.says("fin");
    for (const { sent } of [this.#taken, this.#accepted]) sent();
    this.#fuzzed = this.#rig.addLink();
    this.#conduct = new Conduct(role, this.#fuzzed.link.sendable(), this.#rig.limits);
    this.#fuzzed.socket.watch(this.#conduct);
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case "legal":
        return this.#saysLegal(step);
      case "nonsense":
        return this.#fuzzed.socket.receive(step.message);
      case "pool":
        return this.#runPool(step.act);
      case "application":
        if (this.#latest) runApplication(this.#latest, step.act);
        return;
      case "time":
        return await this.#rig.clock.advance(step.ms);
    }
  }

  /** The fuzzed link is in a legal state or closed for what its peer did, and everything else is as it should be. */
  async check(): Promise<void> {
    const { link, socket } = this.#fuzzed;
    await this.#rig.turn();
    assertEquals(this.#conduct.faults, [], "what the link must not send");
    assertEquals([...this.#rig.dispatcher.store.links()], link.state === "idle" ? [link] : []);
    if (link.end?.local) assert([1002, 1008].includes(link.end.code), `closed with ${link.end.code}`);
    assert((link["stream"]?.unreadBytes ?? 0) <= this.#rig.limits.windowBytes, "more is kept than a window");
    await this.#checkOthers();
    socket.end(1006);
    assertEquals(link.state, "closed");
  }

  #saysLegal({ choice, texts, data }: LegalStep): void {
    const { link, socket } = this.#fuzzed;
    const row = stateTables[this.#role].get(rowOf(link));
    if (!row) return; // closed
    const columns = [...row].filter(([column, cell]) => cell !== "V" && column !== "close" && column !== "hello");
    const [column] = columns[choice % columns.length];
    if (column === "data") return socket.receive(data.slice());
    if (column === "idle") return socket.receive(this.#role === "client" ? "idle 0000000b" : "idle");
    socket.receive(texts[column]);
  }

  #runPool(act: PoolAct): void {
    const { link, socket } = this.#fuzzed;
    switch (act) {
      case "give up":
        this.#aborter.abort(new Error("enough"));
        this.#aborter = new AbortController();
        return;
      case "sweep":
        return link.sweep(this.#rig.clock.now());
      case "fill":
        socket.hasRoom = false;
        return;
      case "drain":
        return socket.drain();
      default:
        this.#call(act).then((connection) => this.#latest = connection, () => {});
    }
  }

  #call(call: Call): Promise<PoolConnection> {
    const patience = { signal: this.#aborter.signal, early: call.endsWith("early"), timeoutMs: 5_000 };
    switch (call) {
      case "any":
      case "any early":
        return this.#rig.incomingGet(patience);
      case "id":
      case "id early":
        return this.#rig.outgoingGet(this.#fuzzed.link.id, patience);
      case "open":
      case "open early":
        return this.#rig.open(patience);
      case "accept":
        return this.#rig.accept(patience);
    }
  }

  async #checkOthers(): Promise<void> {
    const [taken, accepted] = await Promise.all([this.#takenStream, this.#acceptedStream]);
    assertEquals([this.#taken.sent(), this.#accepted.sent()], [[], []]);
    this.#taken.socket.receive(Uint8Array.of(7));
    this.#taken.says("fin");
    assertEquals(await readAll(taken), [1, 2, 3, 7]);
    assertEquals(await readAll(accepted), [4, 5, 6]);
    await taken.writable.close();
    assertEquals([this.#taken.link.state, this.#taken.sent()[0]], ["done", "fin"]);
  }
}

function runApplication(connection: PoolConnection, act: ApplicationAct): void {
  const { readable, writable } = connection;
  const ignore = () => {};
  switch (act) {
    case "write":
    case "write much":
      if (writable.locked) return;
      return void use(writable.getWriter(), (writer) => writer.write(new Uint8Array(act === "write" ? 10 : 120_000)));
    case "end":
      return void (writable.locked || writable.close().catch(ignore));
    case "read":
      return void (readable.locked || use(readable.getReader(), (reader) => reader.read()));
    case "cancel":
      return void (readable.locked || readable.cancel("enough").catch(ignore));
    case "abort":
      return connection.abort("enough");
    case "close":
      return void connection.close();
  }
}

/** Uses a reader or writer that is released when it is through. */
function use<Lock extends { releaseLock(): void }>(lock: Lock, action: (lock: Lock) => Promise<unknown>): void {
  action(lock).catch(() => {}).finally(() => lock.releaseLock());
}

async function readAll({ readable }: PoolConnection): Promise<number[]> {
  return [...new Uint8Array(await new Response(readable).arrayBuffer())];
}

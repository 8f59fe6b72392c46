import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PoolConnection } from "../../src/connection/connection.ts";
import type { Role } from "../../src/link/metered_link.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { DispatcherRig, PEER_WINDOW, type RiggedLink } from "../dispatch/dispatcher_rig.ts";
import { bundleOf } from "./bundle_bytes.ts";
import { Conduct } from "./conduct.ts";
import { NEXT_ID } from "./fake_link_host.ts";
import { nonsense, nonsenseInBundles } from "./fuzz_messages.ts";
import { type LegalChoice, legalChoice, legalMessage } from "./legal_message.ts";
import { rowOf } from "./link_rig.ts";

/** What happens next. */
export type Step =
  | { readonly kind: "legal"; readonly choices: readonly LegalChoice[] }
  | { readonly kind: "nonsense"; readonly message: Message }
  | { readonly kind: "pool"; readonly act: PoolAct }
  | { readonly kind: "application"; readonly act: ApplicationAct }
  | { readonly kind: "time"; readonly ms: number };

const calls = ["any", "any early", "id", "id early", "open", "open early", "accept"] as const;
const poolActs = [...calls, "give up", "sweep", "fill", "drain"] as const;
const applicationActs = ["write", "write much", "end", "read", "cancel", "abort", "close"] as const;

type Call = typeof calls[number];
type PoolAct = typeof poolActs[number];
type ApplicationAct = typeof applicationActs[number];

/** Messages in one bundle. The state table allows the first one in the present row, but perhaps not the ones behind it. */
const legal = (maxLength: number): fc.Arbitrary<Step> =>
  fc.array(legalChoice, { minLength: 1, maxLength }).map((choices): Step => ({ kind: "legal", choices }));

/** A step of any kind. Most steps keep the link alive, so that later ones still have something to act on. */
const steps = (legal: fc.Arbitrary<Step>, nonsense: fc.Arbitrary<Message>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 60, arbitrary: legal },
    { weight: 1, arbitrary: nonsense.map((message): Step => ({ kind: "nonsense", message })) },
    { weight: 16, arbitrary: fc.constantFrom(...poolActs).map((act): Step => ({ kind: "pool", act })) },
    { weight: 20, arbitrary: fc.constantFrom(...applicationActs).map((act): Step => ({ kind: "application", act })) },
    { weight: 6, arbitrary: fc.constantFrom(0, 1, 60, 1_500, 31_000).map((ms): Step => ({ kind: "time", ms })) },
  );

/** A step of a peer without bundles, and of one with bundles. */
export const step = steps(legal(1), nonsense);
export const bundlingStep = steps(fc.oneof({ weight: 9, arbitrary: legal(1) }, legal(3)), nonsenseInBundles);

/** A pool with one link to a misbehaving peer, and two links whose streams must not be affected. */
export class FuzzedPool {
  readonly #role: Role;
  /** Whether all peers take bundles and send them. */
  readonly #bundles: boolean;
  readonly #rig: DispatcherRig;
  readonly #fuzzed: RiggedLink;
  readonly #conduct: Conduct;
  /** Links with one stream each, and the connections that their applications hold. */
  readonly #taken: RiggedLink;
  readonly #accepted: RiggedLink;
  readonly #takenStream: Promise<PoolConnection>;
  readonly #acceptedStream: Promise<PoolConnection>;
  /** The latest connection over the fuzzed link. */
  #latest: PoolConnection | undefined;
  #aborter = new AbortController();

  constructor(role: Role, { bundles = false } = {}) {
    this.#role = role;
    this.#bundles = bundles;
    this.#rig = new DispatcherRig(role);
    this.#taken = this.#rig.addLink({ bundles });
    this.#takenStream = this.#rig.incomingGet();
    this.#taken.says("ok");
    this.#taken.sends(Uint8Array.of(1, 2, 3));
    this.#accepted = this.#rig.addLink({ bundles });
    this.#accepted.says("open");
    this.#acceptedStream = this.#rig.accept();
    this.#accepted.sends(Uint8Array.of(4, 5, 6));
    this.#accepted.says("fin");
    const watcher = this.#conduct = new Conduct(role, PEER_WINDOW, this.#rig.limits);
    this.#fuzzed = this.#rig.addLink(bundles ? { bundles, watcher } : {});
    if (!bundles) this.#fuzzed.socket.watch(watcher);
  }

  /** Flushes what was sent before the fuzzing. */
  async start(): Promise<void> {
    await this.#rig.turn();
    for (const { sent } of [this.#taken, this.#accepted]) sent();
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case "legal":
        return this.#saysLegal(step.choices);
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

  /** Asserts that the fuzzed link is in a legal state, or closed for a violation, and that everything else works as usual. */
  async check(): Promise<void> {
    const { link, socket } = this.#fuzzed;
    await this.#rig.turn();
    assertEquals(this.#conduct.faults, [], "what the link must not send");
    assertEquals(this.#rig.dispatcher.store.links(), link.state === "idle" ? [link] : []);
    const end = socket.sent.findIndex((sent) => sent === "terminate" || sent.startsWith("close "));
    const behind = end < 0 ? [] : socket.sent.slice(end + 1).filter((sent) => sent !== "terminate");
    assertEquals(behind, [], "what was sent behind the end");
    if (link.end?.local) assert([1002, 1008].includes(link.end.code), `closed with ${link.end.code}`);
    assert((link["stream"]?.unreadBytes ?? 0) <= this.#rig.limits.windowBytes, "more is kept than a window");
    await this.#checkOthers();
    socket.end(1006);
    assertEquals(link.state, "closed");
  }

  #saysLegal(choices: readonly LegalChoice[]): void {
    const row = rowOf(this.#fuzzed.link);
    const messages = choices.map((choice) => legalMessage(this.#role, row, choice));
    for (const message of this.#bundles ? [bundled(messages)] : messages) {
      if (message !== undefined) this.#fuzzed.socket.receive(message);
    }
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
    this.#taken.sends(Uint8Array.of(7));
    this.#taken.says("fin");
    assertEquals(await readAll(taken), [1, 2, 3, 7]);
    assertEquals(await readAll(accepted), [4, 5, 6]);
    await taken.writable.close();
    await this.#rig.turn();
    const said = this.#taken.sent();
    const idle = this.#role === "client" ? "idle" : `idle ${NEXT_ID}`;
    assertEquals(said, this.#bundles ? [`[fin, ${idle}]`] : ["fin", idle]);
    assertEquals(this.#taken.link.state, "done");
  }
}

/** Several messages in one bundle; a single text as the link itself would send it. */
function bundled(messages: readonly (Message | undefined)[]): Message | undefined {
  const sent = messages.filter((message) => message !== undefined);
  return sent.length === 1 && typeof sent[0] === "string" ? sent[0] : bundleOf(...sent);
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

/** Uses a reader or writer, and releases it afterwards. */
function use<Lock extends { releaseLock(): void }>(lock: Lock, action: (lock: Lock) => Promise<unknown>): void {
  action(lock).catch(() => {}).finally(() => lock.releaseLock());
}

async function readAll({ readable }: PoolConnection): Promise<number[]> {
  return [...new Uint8Array(await new Response(readable).arrayBuffer())];
}

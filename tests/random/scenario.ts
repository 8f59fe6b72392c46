import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import type { FakeCable } from "../fake_socket.ts";
import { FakeWorld } from "../fake_world.ts";
import { Crossing } from "./crossing.ts";
import { Dice } from "./dice.ts";
import { Faults } from "./faults.ts";
import { type Request, Side, type SideLimits } from "./side.ts";
import type { User } from "./user.ts";

/** Longer than any timeout of one second, and than the pools' interval between checks of their links. */
const REST_MS = 3_500;

/** Longer than a stream waits to be fetched. */
const FETCH_MS = 31_500;

/** Where the server listens. */
const SERVER_PORT = 8_080;

/** How long a call may wait at most. */
const PATIENCE_MS = 4_000;

/** A server pool, one or two client pools, an unreliable network between them, and whatever a seed makes of it. */
export class Scenario {
  readonly #dice: Dice;
  readonly #world = new FakeWorld();
  readonly #faults = new Faults();
  readonly #crossing: Crossing;
  readonly #server: Side;
  readonly #clients: Side[];
  /** Counts calls, so that each can name its stream. */
  #streams = 0;
  /** Time limits that the pools guarantee: when each expires, and whether it was kept. */
  readonly #promises: { readonly what: string; readonly until: number; isKept: boolean }[] = [];
  /** The steps so far, for the message of a failure. */
  readonly #trace: string[] = [];

  private constructor(seed: number) {
    this.#dice = new Dice(seed);
    const { network } = this.#world;
    this.#world.random = this.#dice.random;
    this.#crossing = new Crossing(seed % 2 === 0);
    network.onMessage = this.#crossing.passes;
    network.delayMs = () => this.#delayMs();
    network.highWaterBytes = this.#dice.pick([1_000, 20_000, 1_000_000]);
    this.#server = this.#makeServer();
    this.#clients = Array.from({ length: this.#dice.between(1, 2) }, (_, index) => this.#makeClient(index + 1));
  }

  /** Runs the scenario of a seed: even ones with bundles, odd ones without. Returns what crossed the network. */
  static async run(seed: number): Promise<Crossing> {
    const scenario = new Scenario(seed);
    try {
      await scenario.#run();
      return scenario.#crossing;
    } catch (error) {
      const trace = scenario.#trace.slice(-40).join("\n");
      const message = `Seed ${seed} (NPWS_SEED=${seed} runs it alone): ${(error as Error).message}`;
      throw new Error(`${message}\nWhat was done last:\n${trace}`, { cause: error });
    }
  }

  async #run(): Promise<void> {
    for (let steps = this.#dice.between(10, 60); steps > 0; steps--) {
      this.#act();
      // Several things may happen in one turn, and at the same instant.
      if (this.#dice.chance(0.4)) await this.#pass(this.#dice.pick([0, 0, 1, 5, 30, 200, 1_000]));
    }
    if (this.#dice.chance(0.7)) {
      await this.#rest();
      if (this.#dice.chance(0.3)) await this.#giveAllUp();
    }
    await this.#end();
  }

  /** Advances the time and checks everything. */
  async #pass(ms: number): Promise<void> {
    await this.#world.clock.advance(ms);
    this.#faults.throwFirst();
    for (const side of this.#sides) side.check();
    for (const { what, until, isKept } of this.#promises) {
      assert(isKept || this.#world.clock.now() < until, `${what} was to end at ${until}`);
    }
  }

  /** Makes the network good for long enough that both ends of each link agree about it. */
  async #rest(): Promise<void> {
    const { network } = this.#world;
    network.isDark = false;
    network.delayMs = () => 0;
    for (const cable of network.cables) {
      cable.delayMs = 0;
      for (const end of [cable.client, cable.server]) end.speak();
    }
    for (const user of this.#busyUsers) if (this.#dice.chance(0.5)) user.readAll();
    await this.#pass(REST_MS);
    for (const side of this.#sides) side.checkAtRest();
    const atClients = this.#clients.flatMap(({ openIds }) => [...openIds]);
    assertEquals(atClients.toSorted(), [...this.#server.openIds].toSorted(), "links of npws/1");
    const clients = this.#clients.map(({ pool }) => pool.stats());
    const sum = (gauge: "links" | "idle") => clients.reduce((sum, stats) => sum + stats[gauge], 0);
    const { links, idle } = this.#server.pool.stats();
    assertEquals(sum("links"), links, "links at both ends");
    if (this.#server.openIds.size === 0) assertEquals(sum("idle"), idle, "idle links of npws/2 at both ends");
  }

  /** Once nobody wants anything any more, every link must come back, including those of streams that nobody fetched. */
  async #giveAllUp(): Promise<void> {
    for (const { calls } of this.#sides) for (const { aborter } of calls) aborter.abort();
    await this.#pass(0);
    // Including users whose streams are over: unread data keeps a link.
    for (const user of this.#users) this.#promise("close()", 1_000, user.close());
    await this.#pass(FETCH_MS);
    for (const { name, pool } of this.#sides) assertEquals(pool.stats().inUse, 0, `${name}: links in use`);
  }

  /** Closes everything, and checks that nothing remains. */
  async #end(): Promise<void> {
    for (const user of this.#busyUsers) if (this.#dice.chance(0.5)) this.#promise("close()", 1_000, user.close());
    await this.#pass(1_000);
    for (const user of this.#users) user.readAll();
    for (const side of this.#sides) this.#closePool(side, this.#dice.pick([0, 500]));
    await this.#pass(1_500);
    await this.#pass(PATIENCE_MS);
    for (const side of this.#sides) {
      for (const [name, users] of side.users) {
        assert(users.filter(({ hasRead }) => hasRead).length <= 1, `${side.name}: bytes of ${name} came twice`);
        const peers = this.#peerSides(side).flatMap(({ users }) => users.get(name) ?? []);
        for (const user of users) {
          assert(user.isSettled, `${side.name}: the stream of a user of ${name} is not over`);
          user.checkAgainst(peers);
        }
      }
    }
    await this.#world[Symbol.asyncDispose]();
  }

  #act(): void {
    const user = this.#busyUsers.length > 0 ? this.#dice.pick(this.#busyUsers) : undefined;
    const cables = [...this.#world.network.cables];
    const cable = cables.length > 0 ? this.#dice.pick(cables) : undefined;
    const action = this.#dice.weighted<() => void>([
      [9, () => this.#call(this.#dice.pick(this.#sides))],
      [2, () => this.#giveUp(this.#dice.pick(this.#sides))],
      [user ? 10 : 0, () => this.#use(user!)],
      [cable ? 3 : 0, () => this.#disturb(cable!)],
      [1, () => this.#darken()],
      [0.5, () => this.#flush(this.#dice.pick(this.#sides))],
      [0.2, () => this.#closePool(this.#dice.pick(this.#sides), this.#dice.pick([0, 300, 2_000]))],
    ]);
    action();
  }

  #call(side: Side): void {
    this.#streams++;
    const request = this.#request(side);
    if (request.id !== undefined && side.users.has(request.id)) return;
    this.#trace.push(`${this.#now} ${side.name} calls for ${request.kind} ${request.id ?? request.peer ?? ""}`);
    side.call(request, this.#dice.between(0, PATIENCE_MS));
  }

  #request(side: Side): Request {
    const early = this.#dice.chance(0.5);
    const peer = side.isServer && side.protocol !== 1 && this.#dice.chance(0.2)
      ? this.#dice.pick(this.#clients).name
      : undefined;
    const metadata = Uint8Array.of(...[24, 16, 8, 0].map((shift) => this.#streams >> shift));
    return this.#dice.weighted<Request>([
      [8, { kind: "any", peer, early }],
      [1, { kind: "id", id: this.#dice.pick(["00000000", "a1b2c3d4", ...side.openIds]), early }],
      [side.protocol === 1 ? 0 : 5, { kind: "open", peer, early, metadata }],
      [side.protocol === 1 ? 0 : 5, { kind: "accept" }],
    ]);
  }

  #giveUp(side: Side): void {
    if (side.calls.size === 0) return;
    this.#trace.push(`${this.#now} ${side.name} gives a call up`);
    this.#dice.pick([...side.calls]).aborter.abort();
  }

  #use(user: User): void {
    const [what, use] = this.#dice.weighted<readonly [string, () => void]>([
      [6, ["writes", () => user.write(this.#dice.pick([0, 1, 10, 500, 5_000, 20_000, 70_000]))]],
      [0.3, ["writes much", () => user.write(300_000)]],
      [8, ["reads", () => user.read()]],
      [2, ["ends", () => user.end()]],
      [1, ["cancels", () => user.cancel()]],
      [0.5, ["aborts", () => user.abort()]],
      [3, ["closes", () => this.#promise("close()", 1_000, user.close())]],
    ]);
    this.#trace.push(`${this.#now} a user of ${user.connection.id} ${what}`);
    use();
  }

  #disturb(cable: FakeCable): void {
    const end = this.#dice.pick([cable.client, cable.server]);
    const [what, disturb] = this.#dice.weighted<readonly [string, () => void]>([
      [1, ["is lost", () => cable.lose()]],
      [1, ["falls silent", () => end.silence()]],
      [1, ["falls mute", () => end.mute()]],
      [3, ["speaks", () => end.speak()]],
      [3, ["gets slower or faster", () => cable.delayMs = this.#delayMs()]],
    ]);
    this.#trace.push(`${this.#now} a link ${what}`);
    disturb();
  }

  #darken(): void {
    this.#trace.push(`${this.#now} dials ${this.#world.network.isDark ? "are answered" : "are not answered"}`);
    this.#world.network.isDark = !this.#world.network.isDark;
  }

  #flush(side: Side): void {
    this.#trace.push(`${this.#now} ${side.name} is flushed`);
    this.#promise("flush()", 1_000, side.pool.flush());
  }

  #closePool(side: Side, drainMs: number): void {
    this.#trace.push(`${this.#now} ${side.name} is closed within ${drainMs}`);
    const first = side.closing ??= { promise: side.pool.close({ drainMs }), until: this.#now + drainMs + 1_000 };
    this.#promise("close() of a pool", first.until - this.#now, first.promise);
  }

  /** The peer's application learns an id in a way of its own, sooner or later or never. */
  #tell(side: Side, { id, peer: name }: PoolConnection): void {
    if (this.#dice.chance(0.2)) return;
    const peers = this.#peerSides(side);
    const isItsPeer = (peer: Side) => peer.name === name || peer.openIds.has(id);
    const peer = peers.find(isItsPeer) ?? this.#dice.pick(peers);
    this.#world.clock.setTimeout(() => {
      const isAsked = [...peer.calls].some((call) => call.id === id);
      if (isAsked || peer.users.has(id)) return;
      peer.call({ kind: "id", id, early: this.#dice.chance(0.3) }, this.#dice.between(0, PATIENCE_MS));
    }, this.#delayMs());
  }

  #promise(what: string, withinMs: number, promise: Promise<void>): void {
    const bound = { what, until: this.#now + withinMs, isKept: false };
    this.#promises.push(bound);
    promise.then(() => bound.isKept = true, (error) => this.#faults.catch(() => assert(false, `${what}: ${error}`)));
  }

  get #now(): number {
    return this.#world.clock.now();
  }

  get #sides(): Side[] {
    return [this.#server, ...this.#clients];
  }

  get #users(): User[] {
    return this.#sides.flatMap(({ users }) => [...users.values()].flat());
  }

  get #busyUsers(): User[] {
    return this.#users.filter(({ isSettled }) => !isSettled);
  }

  #peerSides(side: Side): Side[] {
    return side === this.#server ? this.#clients : [this.#server];
  }

  #delayMs(): number {
    return this.#dice.pick([0, 0, 1, 10, 100]);
  }

  #makeServer(): Side {
    const maxCapacity = this.#dice.between(1, 12);
    const maxLinks = this.#dice.chance(0.7) ? Infinity : this.#dice.between(1, 12);
    const protocol = this.#protocol();
    const options = { port: SERVER_PORT, protocol, maxCapacity, maxLinks, ...this.#sharedOptions() };
    const pool = this.#world.serverPool(options, { canPause: this.#dice.chance(0.5) });
    pool.start();
    return this.#side("server", pool, protocol, { maxIdle: maxCapacity, maxLinks, maxDialing: maxCapacity });
  }

  #makeClient(number: number): Side {
    const dialConcurrency = this.#dice.between(1, 4);
    const minCapacity = this.#dice.between(1, 3);
    const protocol = this.#protocol();
    const name = `client-${number}`;
    const pool = this.#world.clientPool({
      name,
      protocol,
      url: `ws://127.0.0.1:${SERVER_PORT}`,
      dialConcurrency,
      minCapacity,
      maxCapacity: this.#dice.between(minCapacity, 5),
      minIntervalMs: this.#dice.pick([100, 500]),
      dialTimeoutMs: this.#dice.pick([150, 1_000]),
      maxBackoffMs: this.#dice.pick([200, 2_000]),
      maxLinkAgeMs: this.#dice.pick([0, 2_000, 10_000]),
      ...this.#sharedOptions(),
    }, { canPause: this.#dice.chance(0.5) });
    pool.start();
    return this.#side(name, pool, protocol, { maxIdle: Infinity, maxLinks: Infinity, maxDialing: dialConcurrency });
  }

  #protocol(): 1 | "auto" {
    return this.#dice.pick([1, "auto", "auto"]);
  }

  #sharedOptions() {
    const windowBytes = this.#dice.pick([2_000, 100_000]);
    return {
      keepAliveMs: this.#dice.pick([0, 1_000]),
      heartbeatTimeoutMs: this.#dice.pick([500, 2_000]),
      receiveLimitBytes: this.#dice.pick([400_000, 1_000_000]),
      windowBytes,
      maxWindowBytes: windowBytes * this.#dice.pick([1, 4]),
      acceptBacklog: this.#dice.pick([1, 4]),
    };
  }

  #side(name: string, pool: Side["pool"], protocol: Side["protocol"], limits: SideLimits): Side {
    const side = new Side(name, pool, protocol, limits, this.#faults);
    side.onTaken = (connection) => this.#tell(side, connection);
    return side;
  }
}

import { delay } from "@std/async/delay";
import { eventually } from "../contract/eventually.ts";
import type { Outcome } from "../fault/transfer.ts";
import { problemsOf } from "../fault/verdict.ts";
import { within } from "../fault/within.ts";
import type { Dice } from "../random/dice.ts";
import { Fates } from "./fates.ts";
import { Growth } from "./growth.ts";
import { linkCounts, poolNames } from "./pools_of_a_process.ts";
import type { SoakProcess } from "./soak_process.ts";

/** The interval between two lines, in milliseconds. */
const LINE_MS = 10_000;

/** How often the memory of the steady process is sampled. */
const LOOKS = 12;

/**
 * How long it may take, once no more faults occur, until all streams have ended and all pools are full, in milliseconds. A
 * client that has left in the middle of its upgrade keeps its place for 10 s.
 */
const REST_MS = 15_000;

/** How often connections lost in the meantime are dropped, in milliseconds. */
const CLEAR_MS = 500;

/** How much a call may overrun its deadline: a process is stopped for at most 400 ms, and the machine may be busy. */
const OVERRUN_MS = 2_000;

/** Sockets that may be open besides links: the listener, the runtime's own, those being opened, and those left by faults. */
const MOST_STRAYS = 100;

/** One half of the soak: one process is repeatedly killed and restarted, while the other one's memory is judged. */
export class Half {
  readonly #dice: Dice;
  readonly #steady: SoakProcess;
  readonly #restarted: SoakProcess;
  readonly #fates: Fates;
  readonly #growth = new Growth();
  readonly #problems = new Set<string>();
  /** The outcomes collected for the previous line: the other end of a stream may report later. */
  #recent: Outcome[] = [];
  #streams = 0;
  #bytes = 0;

  constructor(dice: Dice, steady: SoakProcess, restarted: SoakProcess) {
    this.#dice = dice;
    this.#steady = steady;
    this.#restarted = restarted;
    this.#fates = new Fates(dice, steady, restarted, async (process) => {
      await this.#collect();
      await process.replace();
      await this.#run(process);
    });
  }

  /** Runs for `ms`, printing a line at intervals. Resolves with the problems found. */
  async run(ms: number, print: (line: string) => void): Promise<string[]> {
    try {
      await Promise.all(this.#both.map((process) => this.#run(process)));
      await this.#soak(ms, print);
      await this.#rest(print);
      for (const process of this.#both) await process.leave();
    } catch (error) {
      this.#problems.add(error instanceof Error ? error.message : String(error));
    }
    return [...this.#problems];
  }

  get #both(): SoakProcess[] {
    return [this.#steady, this.#restarted];
  }

  #run(process: SoakProcess): Promise<void> {
    const other = process === this.#steady ? this.#restarted : this.#steady;
    return process.run(other, this.#dice.between(0, 2 ** 30));
  }

  async #soak(ms: number, print: (line: string) => void): Promise<void> {
    const startedAt = performance.now();
    let [lines, looks] = [1, 1];
    for (let elapsedMs = 0; elapsedMs < ms && this.#problems.size === 0; elapsedMs = performance.now() - startedAt) {
      await delay(this.#dice.between(100, 700));
      await this.#fates.deal();
      if (elapsedMs >= looks * ms / LOOKS) {
        looks++;
        await this.#look();
      }
      if (elapsedMs < lines * LINE_MS) continue;
      print(await this.#line());
      lines++;
    }
  }

  /** Ends all errands: everything must come to rest and return to its initial state. */
  async #rest(print: (line: string) => void): Promise<void> {
    await this.#fates.over();
    await this.#untilEnded();
    await within(REST_MS, "all pools are full", eventually(() => this.#isAtRest()));
    print(await this.#line());
    for (const problem of this.#growth.problems()) this.#problems.add(`${this.#steady.runtime}: ${problem}`);
  }

  /** Waits for all streams. On npws/1 only the network reports that a link is lost, and some traps may spring only now. */
  async #untilEnded(): Promise<void> {
    const clearing = setInterval(() => this.#fates.clear(), CLEAR_MS);
    try {
      const ended = Promise.all(this.#both.map(({ actor }) => actor.call("rest")));
      await within(REST_MS, "all streams have ended", ended);
    } catch (error) {
      const unfinished = await Promise.all(this.#both.map(({ actor }) => actor.call("unfinished")));
      throw new Error(`${(error as Error).message}: ${unfinished.flat().join(", ") || "errands have not"}`);
    } finally {
      clearInterval(clearing);
    }
  }

  /** Whether every link is known at both ends, and idle. */
  async #isAtRest(): Promise<boolean> {
    this.#fates.clear();
    const [one, other] = await Promise.all(this.#both.map(({ actor }) => actor.call("stats")));
    return [[one, other], [other, one]].every(([{ server }, { client, plainClient }]) =>
      [server, client, plainClient].every(({ idle, links, dialing, waiting }) =>
        idle === links && dialing === 0 && waiting <= 1 // an accept() waits forever
      ) && client.links >= linkCounts.client && plainClient.links >= linkCounts.plainClient &&
      server.links === client.links + plainClient.links
    );
  }

  async #look(): Promise<void> {
    await this.#collect();
    this.#growth.add(this.#streams, await this.#steady.actor.call("census"));
  }

  /** Collects the outcomes of streams and calls since the last time. */
  async #collect(): Promise<void> {
    const outcomes = (await Promise.all(this.#both.map(({ actor }) => actor.call("outcomes")))).flat();
    for (const problem of problemsOf([...this.#recent, ...outcomes])) this.#problems.add(problem);
    this.#recent = outcomes;
    this.#streams += outcomes.length;
    for (const { received } of outcomes) this.#bytes += received.bytes;
    for (const { runtime, actor } of this.#both) {
      const { problems, longestOverrunMs } = await actor.call("report");
      problems.forEach((problem) => this.#problems.add(problem));
      if (longestOverrunMs > OVERRUN_MS) {
        this.#problems.add(`a call of ${runtime} took ${longestOverrunMs} ms too long`);
      }
    }
  }

  async #line(): Promise<string> {
    await this.#collect();
    const totals = `${this.#streams} ends of streams, ${(this.#bytes / 1e6).toFixed(0)} MB`;
    const fates = Object.entries(this.#fates.dealt).map(([what, count]) => `${count} ${what}`).join(", ");
    const processes = await Promise.all(this.#both.map((process) => this.#describe(process)));
    return `${totals}; ${processes.join("; ")}; ${fates}`;
  }

  async #describe({ runtime, actor }: SoakProcess): Promise<string> {
    const [stats, census] = await Promise.all([actor.call("stats"), actor.call("census")]);
    const links = poolNames.reduce((sum, name) => sum + stats[name].links, 0);
    const strays = census.sockets - links;
    if (strays > MOST_STRAYS) this.#problems.add(`${runtime} has ${strays} sockets open besides ${links} links`);
    const { descriptors, timers, liveBytes, residentBytes } = census;
    const memory = `${mib(liveBytes)} MiB live, ${mib(residentBytes)} MiB resident`;
    return `${runtime}: ${links} links, ${descriptors} descriptors, ${timers} timers, ${memory}`;
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessLog } from "../process_log.ts";
import { type SpawnedProgram, spawnProgram } from "../spawn_program.ts";
import { listen } from "../tunnel/target.ts";

/** A program that is a proxy: how it is run, and what it logs to its standard error. */
export interface ProxyProgram {
  readonly program: string;
  /** Runs it in the foreground with the files in the folder. */
  args(folder: string): string[];
  /** A worker runs, and its ports are open. */
  readonly started: RegExp;
  /** Another process has one of the ports. */
  readonly portTaken: RegExp;
  /** A worker that a reload replaced has ended. */
  readonly workerEnded: RegExp;
  readonly reloadSignal: "SIGHUP" | "SIGUSR2";
  /** Resolves when signals reach it, where that is later than the start that it logs. */
  obeys?(folder: string): Promise<void>;
}

/** Where a proxy runs. */
export interface ProxyPlace {
  /** Where its files are. */
  readonly folder: string;
  /** Two free ports. */
  readonly tls: number;
  readonly plain: number;
}

/** A proxy that runs, and its workers. Disposing it ends them all. */
export class ProxyProcess implements AsyncDisposable {
  readonly place: ProxyPlace;
  readonly #program: ProxyProgram;
  readonly #process: SpawnedProgram;
  readonly #log: ProcessLog;

  private constructor(program: ProxyProgram, place: ProxyPlace) {
    this.place = place;
    this.#program = program;
    this.#process = spawnProgram(program.program, program.args(place.folder), { keepErrors: true });
    this.#log = new ProcessLog([this.#process.lines, this.#process.errorLines!]);
  }

  /** Starts a proxy with these files. Resolves when it listens. */
  static async start(
    program: ProxyProgram,
    files: (place: ProxyPlace) => Readonly<Record<string, string>>,
  ): Promise<ProxyProcess> {
    // Neither proxy can be asked which port it got, so somebody else may be faster.
    for (;;) {
      const [tls, plain] = await freePorts(2);
      const place = { folder: mkdtempSync(join(tmpdir(), "npws-proxy-")), tls, plain };
      for (const [name, text] of Object.entries(files(place))) writeFileSync(join(place.folder, name), text);
      const proxy = new ProxyProcess(program, place);
      try {
        if (await proxy.#listens()) return proxy;
      } catch (error) {
        await proxy[Symbol.asyncDispose]();
        throw error;
      }
      await proxy[Symbol.asyncDispose]();
    }
  }

  /** Replaces its workers. Resolves when new ones listen; the old ones live as long as their connections, or as they may. */
  async reload(): Promise<void> {
    this.#process.kill(this.#program.reloadSignal);
    if (!await this.#listens()) throw new Error(`${this.#program.program} lost a port while it reloaded`);
  }

  /** Waits for the end of a worker that was replaced. */
  async workerEnded(): Promise<void> {
    await this.#log.logged(this.#program.workerEnded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM"); // one that is killed would leave its workers behind
    await this.#process.exited;
    await this.#process[Symbol.asyncDispose]();
    rmSync(this.place.folder, { recursive: true });
  }

  /** Waits for its start or a reload to end. Resolves with false where another process has one of the ports. */
  async #listens(): Promise<boolean> {
    const { started, portTaken, obeys } = this.#program;
    const [taken] = await this.#log.logged(new RegExp(`${started.source}|(${portTaken.source})`));
    if (taken !== undefined) return false;
    await obeys?.(this.place.folder);
    return true;
  }
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(listen));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

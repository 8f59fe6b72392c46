import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessLog } from "../process_log.ts";
import { type SpawnedProgram, spawnProgram } from "../spawn_program.ts";
import { listen } from "../tunnel/target.ts";

/** A proxy program: how it is run, and what it logs to standard error. */
export interface ProxyProgram {
  readonly program: string;
  /** The arguments that run it in the foreground with the files in the folder. */
  args(folder: string): string[];
  /** Logged when a worker is running and its ports are open. */
  readonly started: RegExp;
  /** Logged when another process holds one of the ports. */
  readonly portTaken: RegExp;
  /** Logged when a worker that a reload replaced has ended. */
  readonly workerEnded: RegExp;
  readonly reloadSignal: "SIGHUP" | "SIGUSR2";
  /** Resolves once it reacts to signals, if that is later than the start that it logs. */
  obeys?(folder: string): Promise<void>;
}

/** The folder and the ports of a proxy. */
export interface ProxyPlace {
  /** The folder of its files. */
  readonly folder: string;
  /** Two free ports. */
  readonly tls: number;
  readonly plain: number;
}

/** A running proxy and its workers. Disposing it ends them all. */
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

  /** Starts a proxy with these files. Resolves once it is listening. */
  static async start(
    program: ProxyProgram,
    files: (place: ProxyPlace) => Readonly<Record<string, string>>,
  ): Promise<ProxyProcess> {
    // Neither proxy can report which port it got, so the port is chosen beforehand, and another process may take it first.
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

  /**
   * Replaces its workers. Resolves once the new ones are listening; the old ones live as long as their connections, up to a
   * limit.
   */
  async reload(): Promise<void> {
    this.#process.kill(this.#program.reloadSignal);
    if (!await this.#listens()) throw new Error(`${this.#program.program} lost a port while it reloaded`);
  }

  /** Waits for a replaced worker to end. */
  async workerEnded(): Promise<void> {
    await this.#log.logged(this.#program.workerEnded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM"); // SIGKILL would leave its workers behind
    await this.#process.exited;
    await this.#process[Symbol.asyncDispose]();
    rmSync(this.place.folder, { recursive: true });
  }

  /** Waits until it has started or reloaded. Resolves with false if another process holds one of the ports. */
  async #listens(): Promise<boolean> {
    const { started, portTaken, obeys } = this.#program;
    const [taken] = await this.#log.logged(new RegExp(`${started.source}|(${portTaken.source})`));
    if (taken !== undefined) return false;
    await obeys?.(this.place.folder);
    return true;
  }
}

/** Finds ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(listen));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How the peer is started. */
export type GoPeerOptions =
  & { tls?: "off" | "self-signed" | "verified"; capacity: number }
  & ({ role: "client"; url: string; ca?: string } | { role: "server"; port?: number; cert?: string; key?: string });

/** A Go process that speaks npws/1. Its streams are identified by their links' ids. Disposing it kills it. */
export interface GoPeer extends AsyncDisposable {
  /** The port that it listens on; 0 for a client. */
  readonly port: number;
  /** Takes any idle link, and returns its id. */
  any(): Promise<string>;
  /** Takes the link with this id, polling for it every 50 ms. */
  fetch(id: string): Promise<string>;
  /** Writes `count` random bytes, and returns their SHA-256. */
  send(id: string, count: number): Promise<string>;
  /** Reads `count` bytes, and returns their SHA-256. */
  receive(id: string, count: number): Promise<string>;
  /** Writes a word and a line break. */
  tell(id: string, word: string): Promise<string>;
  /** Reads a line. */
  hear(id: string): Promise<string>;
  /** Reads to the end of the stream, and returns how many bytes were left, "0" for none. */
  end(id: string): Promise<string>;
  close(id: string): Promise<string>;
  /** Answers each session that the peer announces on link 00000000 with `byteLength` bytes. */
  serve(byteLength: number): Promise<string>;
  /** Runs sessions on fresh links, and returns the total time, in microseconds. */
  sessions(workers: number, count: number, byteLength: number): Promise<string>;
  /** Sends requests and reads answers of the same length; returns the total time in microseconds. */
  ask(id: string, times: number, byteLength: number): Promise<string>;
  /** The other end of `ask`. */
  answer(id: string, times: number, byteLength: number): Promise<string>;
  /** Writes bytes in chunks until the peer has read all of them; returns the time in microseconds. */
  pour(id: string, byteLength: number, chunkBytes: number): Promise<string>;
  /** The other end of `pour`. */
  drink(id: string, byteLength: number): Promise<string>;
}

type Pending = PromiseWithResolvers<string>;

/** Starts the peer; for a server, resolves once it is listening. */
export async function startGoPeer(program: string, options: GoPeerOptions): Promise<GoPeer> {
  const child = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve, reject) => child.once("error", reject).once("exit", () => resolve()));
  child.stdin.on("error", () => {}); // a program that has exited reads nothing, and its commands are rejected
  const ready = Promise.withResolvers<number>();
  const pending = new Map<number, Pending>();
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const [, first, rest] = /^(\S+) (.*)$/.exec(line)!;
    if (first === "ready") ready.resolve(Number(rest));
    else settle(pending, Number(first), rest);
  });
  let gone: Error | undefined;
  lines.once("close", () => {
    gone = new Error("Cannot go on with the Go peer: it has ended");
    ready.reject(gone);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  });
  child.stdin.write(`${JSON.stringify({ tls: "off", ...options })}\n`);
  let commands = 0;
  const command = (...words: (string | number)[]): Promise<string> => {
    if (gone) return Promise.reject(gone);
    const answer = Promise.withResolvers<string>();
    pending.set(++commands, answer);
    child.stdin.write(`${commands} ${words.join(" ")}\n`);
    return answer.promise;
  };
  return {
    port: await ready.promise,
    any: () => command("any"),
    fetch: (id) => command("fetch", id),
    send: (id, count) => command("send", id, count),
    receive: (id, count) => command("receive", id, count),
    tell: (id, word) => command("tell", id, word),
    hear: (id) => command("hear", id),
    end: (id) => command("end", id),
    close: (id) => command("close", id),
    serve: (byteLength) => command("serve", byteLength),
    sessions: (workers, count, byteLength) => command("sessions", workers, count, byteLength),
    ask: (id, times, byteLength) => command("ask", id, times, byteLength),
    answer: (id, times, byteLength) => command("answer", id, times, byteLength),
    pour: (id, byteLength, chunkBytes) => command("pour", id, byteLength, chunkBytes),
    drink: (id, byteLength) => command("drink", id, byteLength),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      child.stdin.destroy();
      child.stdout.destroy();
    },
  };
}

/** Settles a command with its answer, "ok RESULT" or "error REASON". */
function settle(pending: Map<number, Pending>, number: number, answer: string): void {
  const { resolve, reject } = pending.get(number)!;
  pending.delete(number);
  const [, verdict, result] = /^(\S+) ?(.*)$/.exec(answer)!;
  if (verdict === "ok") resolve(result);
  else reject(new Error(`Cannot carry out a command of the Go peer: ${result}`));
}

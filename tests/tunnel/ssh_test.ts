import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";
import { test } from "../harness.ts";
import { isAvailable } from "../debian_programs.ts";
import { startSshServer } from "./ssh_server.ts";
import { startTunnel } from "./tunnel.ts";

/** Only a server that runs as root can pass a terminal to a session. */
const isRoot = process.getuid!() === 0;

const skip = !isRoot || !isAvailable("sshd") || !isAvailable("ssh");

/** A remote command with a terminal there. Disposing it kills it. */
class SshSession implements AsyncDisposable {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #output: AsyncIterator<string>;

  constructor(args: string[], command: string) {
    this.#child = spawn("ssh", ["-tt", "-o", "LogLevel=ERROR", ...args, command], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#output = charactersOf(this.#child.stdout!);
  }

  type(key: string): void {
    this.#child.stdin!.write(key);
  }

  /** Waits for `length` more characters on the screen, or for the end. */
  async screen(length: number): Promise<string> {
    let shown = "";
    while (shown.length < length) {
      const { value, done } = await this.#output.next();
      if (done) break;
      shown += value;
    }
    return shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
    this.#child.stdin!.destroy();
    this.#child.stdout!.destroy();
  }
}

async function* charactersOf(stream: Readable): AsyncIterableIterator<string> {
  for await (const text of stream.setEncoding("latin1")) yield* text;
}

test("tunnel carries a session of SSH key by key, each echoed before the next one, and its exit code", async () => {
  await using server = await startSshServer();
  await using tunnel = await startTunnel(server.port);
  await using session = new SshSession(server.sshArguments(tunnel.port), "echo ready; cat; exit 7");
  assertEquals(await session.screen(7), "ready\r\n");
  for (const key of "single bytex") {
    session.type(key);
    assertEquals(await session.screen(1), key);
  }
  session.type("\x7f"); // backspace: the terminal erases the letter
  assertEquals(await session.screen(3), "\b \b");
  session.type("\r");
  assertEquals(await session.screen(15), "\r\nsingle byte\r\n");
  session.type("\x04"); // end of input for cat
  assertEquals(await session.exited, 7);
}, { skip });

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runDemo } from "../examples/demo/run.ts";
import { runtimeName, spawnRuntime, test } from "./harness.ts";
import { runOnTerminal, runToEnd } from "./run_to_end.ts";

const program = new URL("../examples/demo.ts", import.meta.url);
const content = Uint8Array.from({ length: 1_234_567 }, (_, index) => index * index % 251);
const sha256 = createHash("sha256").update(content).digest("hex");

/** Creates a file with the content. Disposing it deletes the file. */
async function contentFile(): Promise<AsyncDisposable & { path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "npws-demo-"));
  const path = join(folder, "it's a file");
  await writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** Asserts that the demo ends with exit code 1 and one sentence. */
async function assertFails(args: string[], sentence: string): Promise<void> {
  const { exitCode, errorOutput } = await runToEnd(program, args);
  assertEquals({ exitCode, errorOutput }, { exitCode: 1, errorOutput: `${sentence}\n` });
}

test("demo moves a file over three connections, verifies each and ends with the tables", async () => {
  await using file = await contentFile();
  const { exitCode, output, errorOutput } = await runToEnd(program, [file.path, "--connections", "3"]);
  assertEquals({ exitCode, errorOutput }, { exitCode: 0, errorOutput: "" });
  assertEquals(output.includes("\x1b"), false, "not a terminal");
  assertMatch(output, new RegExp(`^File +${file.path} \\(1\\.2 MB\\)\nSHA-256 +${sha256}\n`));
  for (const number of [1, 2, 3]) {
    assertMatch(output, new RegExp(`^Connection ${number} \\([0-9a-f]{8}\\): SHA-256 verified after .* m?s$`, "m"));
    assertMatch(output, new RegExp(`^Connection ${number}  [0-9a-f]{8}(  +\\S+ (ms|s|MB/s)){4}$`, "m"));
  }
  assertMatch(output, /^Total(  +\S+ MB\/s){2}  +\S+ m?s$/m);
  assertMatch(output, /^Connections taken +3 +3$/m);
  assertMatch(output, /^Bytes read +3\.7 MB +3\.7 MB$/m);
});

test("demo draws a line for each connection over and over on a terminal", async () => {
  await using file = await contentFile();
  const { exitCode, output } = await runOnTerminal(program, [file.path, "--connections", "2"]);
  assertEquals(exitCode, 0, output);
  const frames = output.split("\x1b[2A");
  assert(frames.length > 1, output);
  for (const [index, line] of frames.at(-1)!.split("\x1b[K\r\n").slice(0, 2).entries()) {
    assertMatch(line, new RegExp(`^\r${index + 1} [0-9a-f]{8} \\S*━{10,}\\S* 100 %  verified in \\S+ m?s *$`));
  }
}, { skip: !existsSync("/usr/bin/script") });

test("demo tells its usage", async () => {
  const { exitCode, output, errorOutput } = await runToEnd(program, ["--help"]);
  assertEquals({ exitCode, errorOutput }, { exitCode: 0, errorOutput: "" });
  assertMatch(output, /^Usage: deno task demo \[file\] \[--connections N\] \[--port N\]$/m);
});

test("demo refuses a file that does not exist", async () => {
  await assertFails(["/does/not/exist"], "Cannot read /does/not/exist: no such file");
});

test("demo refuses a wrong argument", async () => {
  await assertFails(
    ["--connections", "0"],
    `Cannot start the demo: --connections must be an integer from 1 to 100, got "0"`,
  );
});

test("demo refuses a port in use", async () => {
  await using file = await contentFile();
  const occupant = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => occupant.once("listening", resolve));
  const { port } = occupant.address() as { port: number };
  try {
    await assertFails(
      [file.path, "--port", String(port)],
      `Cannot listen on 127.0.0.1:${port}: address already in use`,
    );
  } finally {
    await new Promise((resolve) => occupant.close(resolve));
  }
});

test("demo rejects when a byte that comes back differs", async () => {
  await using file = await contentFile();
  const server = new URL("./peers/corrupting_demo_server.ts", import.meta.url);
  const options = { path: file.path, connections: 2, port: 0 };
  const error = await assertRejects(
    () => runDemo(options, { write() {} }, new AbortController().signal, server),
    Error,
  );
  assertMatch(
    error.message,
    new RegExp(
      `^Cannot verify connection [12] \\([0-9a-f]{8}\\): ` +
        `the SHA-256 of what came back is [0-9a-f]{64}, but that of the file is ${sha256}$`,
    ),
  );
});

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`demo ends both processes at ${signal}`, async () => {
    // The runtime's own executable serves as the file, sent often enough that the transfer is still running when the signal
    // arrives.
    await using demo = spawnRuntime(runtimeName, program, ["--connections", "20"]);
    let server: number | undefined;
    for await (const line of demo.lines) {
      if (line.startsWith("Server pool")) server = Number(/process (\d+)$/.exec(line)![1]);
      if (line.startsWith("Client pool")) demo.kill(signal);
    }
    assertEquals(await demo.exited, exitCode);
    assertThrows(() => process.kill(server!, 0), Error, "ESRCH");
  });
}

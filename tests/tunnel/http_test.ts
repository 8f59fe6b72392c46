import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtimeName, test } from "../harness.ts";
import { isAvailable } from "../debian_programs.ts";
import { run } from "./command.ts";
import { FILE, FILE_SHA256, startHttpTarget } from "./http_target.ts";
import { startTunnel } from "./tunnel.ts";

const skip = !isAvailable("curl");
const otherRuntime = runtimeName === "deno" ? "bun" : "deno";

async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "npws-tunnel-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function curl(...args: string[]): Promise<string> {
  return (await run("curl", ["--silent", "--show-error", "--fail", ...args])).output;
}

test("tunnel serves curl several requests over one connection", async () => {
  await using target = await startHttpTarget();
  await using tunnel = await startTunnel(target.port);
  const url = `http://127.0.0.1:${tunnel.port}/`;
  const output = await curl("--write-out", " %{num_connects}\n", url, url, url);
  assertEquals(output, "hello 1\nhello 0\nhello 0\n");
}, { skip });

test("tunnel whose sides run on two runtimes carries an upload and a download, with TLS", async () => {
  await using target = await startHttpTarget();
  await using tunnel = await startTunnel(target.port, {
    server: ["--tls", "self-signed"],
    client: ["--tls", "self-signed"],
    clientRuntime: otherRuntime,
  });
  await using directory = await folder();
  const path = join(directory.path, "file");
  await writeFile(path, FILE);
  const url = `http://127.0.0.1:${tunnel.port}/file`;
  assertEquals(await curl("--upload-file", path, url), FILE_SHA256);
  await curl("--output", path, url);
  assertEquals(sha256(await readFile(path)), FILE_SHA256);
}, { skip });

test("tunnel lets curl resume a download", async () => {
  await using target = await startHttpTarget();
  await using tunnel = await startTunnel(target.port);
  await using directory = await folder();
  const path = join(directory.path, "file");
  const url = `http://127.0.0.1:${tunnel.port}/file`;
  await curl("--range", "0-9999999", "--output", path, url);
  assertEquals((await readFile(path)).length, 10_000_000);
  await curl("--continue-at", "-", "--output", path, url);
  assertEquals(sha256(await readFile(path)), FILE_SHA256);
}, { skip });

test("tunnel carries what is sent in chunks, both ways", async () => {
  await using target = await startHttpTarget();
  await using tunnel = await startTunnel(target.port);
  await using directory = await folder();
  const path = join(directory.path, "file");
  await writeFile(path, FILE);
  const url = `http://127.0.0.1:${tunnel.port}/chunked`;
  assertEquals(await curl("--header", "Transfer-Encoding: chunked", "--upload-file", path, url), FILE_SHA256);
  const headers = await curl("--dump-header", "-", "--output", path, url);
  assertMatch(headers, /^transfer-encoding: chunked\r$/im);
  assertEquals(sha256(await readFile(path)), FILE_SHA256);
}, { skip });

test("tunnel survives a download that is broken off", async () => {
  await using target = await startHttpTarget();
  await using tunnel = await startTunnel(target.port);
  const url = `http://127.0.0.1:${tunnel.port}/file`;
  const response = await fetch(url);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(await curl(`http://127.0.0.1:${tunnel.port}/`), "hello");
}, { skip });

const loads = [
  { how: "kept open", args: [], seconds: 10 },
  { how: "new for each request", args: ["--header", "Connection: close"], seconds: 5 },
];

for (const { how, args, seconds } of loads) {
  test(`tunnel serves 16 connections of wrk at once for ${seconds} s without an error, ${how}`, async () => {
    await using target = await startHttpTarget();
    await using tunnel = await startTunnel(target.port);
    const load = ["--threads", "2", "--connections", "16", "--duration", `${seconds}s`, ...args];
    const { output } = await run("wrk", [...load, `http://127.0.0.1:${tunnel.port}/`]);
    assert(!/Socket errors|Non-2xx/.test(output), output);
    assert(Number(/(\d+) requests in/.exec(output)![1]) > 100, output);
  }, { skip: !isAvailable("wrk") });
}

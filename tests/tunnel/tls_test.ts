import { assertEquals, assertMatch } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, createCertificate } from "../certificates.ts";
import { test } from "../harness.ts";
import { RawClient } from "./raw_client.ts";
import { startEcho } from "./target.ts";
import { startClient, startServer, startTunnel } from "./tunnel.ts";

async function assertEchoes(port: number): Promise<void> {
  using connection = await RawClient.connect(port);
  connection.send("hello");
  assertEquals(await connection.read(5), "hello");
}

/** Creates a folder with these files. Disposing it deletes the folder. */
async function folderOf(files: Record<string, string>): Promise<AsyncDisposable & { path(name: string): string }> {
  const folder = await mkdtemp(join(tmpdir(), "npws-tunnel-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return { path: (name) => join(folder, name), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test("tunnel client pins the certificate that the server made, and takes no other", async () => {
  await using echo = await startEcho();
  const { server, url } = await startServer(["--tls", "self-signed"]);
  await using _ = server;
  assertMatch(url, /^wss:/);
  const [sha256] = /SHA-256 ([0-9a-f]{64})\)/.exec(server.log[0])!.slice(1);
  await using right = startClient(url, echo.port, ["--tls", "self-signed", "--pin", sha256]);
  const [port] = await right.logged(/:(\d+) on the server leads to/);
  await assertEchoes(Number(port));
  await using wrong = startClient(url, echo.port, ["--tls", "self-signed", "--pin", "0".repeat(64)]);
  await wrong.logged(/^warn +Cannot dial wss:.*; trying again$/);
  await using doubting = startClient(url, echo.port, ["--tls", "verified"]);
  await doubting.logged(/^warn +Cannot dial wss:.*self-signed.*; trying again$/);
});

test("tunnel client verifies a certificate that an authority has signed", async () => {
  await using echo = await startEcho();
  const authority = await createAuthority();
  const { cert, key } = await createCertificate(authority);
  await using folder = await folderOf({ cert, key, ca: authority.cert });
  await using tunnel = await startTunnel(echo.port, {
    server: ["--tls", "verified", "--cert", folder.path("cert"), "--key", folder.path("key")],
    client: ["--tls", "verified", "--ca", folder.path("ca")],
  });
  await assertEchoes(tunnel.port);
});

test("tunnel server refuses a file that is no certificate", async () => {
  await using folder = await folderOf({ cert: "x", key: "y" });
  const args = ["--tls", "verified", "--cert", folder.path("cert"), "--key", folder.path("key")];
  const error = await startServer(args).catch((error) => error);
  assertMatch(error.message, /Cannot start: the --cert file does not contain a valid PEM certificate/);
});

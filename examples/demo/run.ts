import { ClientPool } from "@npws/pool";
import { abortable } from "@std/async/abortable";
import { makeCertificate } from "./certificate.ts";
import { formatBytes, formatDuration } from "./format.ts";
import type { DemoOptions } from "./options.ts";
import { type Output, showProgress } from "./progress.ts";
import { describePools, describeTransfers } from "./report.ts";
import { Server, SERVER_PROGRAM } from "./server.ts";
import { SourceFile } from "./source_file.ts";
import { statsAtRest } from "./stats_at_rest.ts";
import { Transfer } from "./transfer.ts";

/**
 * Moves the file through the pools and back, and reports on it.
 *
 * @param serverProgram What runs in the server's process.
 * @throws {Error} Something went wrong; the message says what.
 * @throws The signal's reason.
 */
export async function runDemo(
  { path, connections, port }: DemoOptions,
  output: Output,
  signal: AbortSignal,
  serverProgram: URL = SERVER_PROGRAM,
): Promise<void> {
  const say = (label: string, text: string) => output.write(`${label.padEnd(12)} ${text}\n`);
  const file = await SourceFile.read(path, signal);
  say("File", `${path} (${formatBytes(file.bytes)})`);
  say("SHA-256", file.sha256);

  const certificate = await makeCertificate();
  await using server = new Server(serverProgram, signal);
  const url = `wss://127.0.0.1:${await server.listen(port, certificate, 2 * connections)}`;
  say("Server pool", `${url}, process ${server.pid}`);

  await using pool = new ClientPool({
    url,
    tls: { mode: "self-signed", pinSha256: certificate.sha256 },
    minCapacity: connections,
    maxCapacity: connections,
  });
  const filledInMs = await fill(pool, connections, signal);
  say("Client pool", `${connections} idle links after ${formatDuration(filledInMs)}`);

  output.write("\n");
  const startedAt = performance.now();
  const transfers = await moveAtOnce(file, connections, pool, server, output, signal);
  output.write(`\n${describeTransfers(transfers, performance.now() - startedAt)}\n`);
  const serverStats = await server.stats();
  output.write(`\n${describePools(await statsAtRest(pool), serverStats)}\n`);
}

/** Starts the pool and waits until its links are idle. A failed dial is final: the server is on this very machine. */
async function fill(pool: ClientPool, links: number, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const failure = new AbortController();
  pool.addEventListener("dialerror", ({ detail }) => failure.abort(detail.error), { once: true });
  const ended = AbortSignal.any([signal, failure.signal]);
  await abortable(pool.start(), ended);
  while (pool.active < links) await abortable(nextLink(pool), ended);
  return performance.now() - startedAt;
}

function nextLink(pool: ClientPool): Promise<unknown> {
  return new Promise((resolve) => pool.addEventListener("linkopen", resolve, { once: true }));
}

/** Moves the file over several connections at once. The first failure ends them all. */
async function moveAtOnce(
  file: SourceFile,
  connections: number,
  pool: ClientPool,
  server: Server,
  output: Output,
  signal: AbortSignal,
): Promise<Transfer[]> {
  const failure = new AbortController();
  const ended = AbortSignal.any([signal, failure.signal]);
  const transfers = Array.from({ length: connections }, (_, index) => new Transfer(index + 1, file, ended));
  const forEach = async (step: (transfer: Transfer) => Promise<void>) => {
    await Promise.all(transfers.map((transfer) => step(transfer).catch((error) => failure.abort(error))));
    ended.throwIfAborted();
  };
  await forEach((transfer) => transfer.connect((signal) => pool.open({ signal })));
  using _progress = showProgress(transfers, output);
  await forEach((transfer) => transfer.run((id) => server.arrived(id)));
  return transfers;
}

import { ClientPool } from "@npws/pool";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import { pattern } from "./contract/streams.ts";
import { runtimeName, type SpawnedRuntime, spawnRuntime, test } from "./harness.ts";
import { runToEnd } from "./run_to_end.ts";

function example(name: string): URL {
  return new URL(`../examples/${name}.ts`, import.meta.url);
}

/** The output lines of an example that ends successfully on its own. */
async function linesOf(name: string): Promise<string[]> {
  const { exitCode, output, errorOutput } = await runToEnd(example(name));
  assertEquals({ exitCode, errorOutput }, { exitCode: 0, errorOutput: "" });
  return output.trimEnd().split("\n");
}

async function restOf({ lines }: SpawnedRuntime): Promise<string[]> {
  const rest: string[] = [];
  for await (const line of lines) rest.push(line);
  return rest;
}

/** Starts a server on a free port. */
async function startServer(name: string): Promise<{ server: SpawnedRuntime; url: string }> {
  const server = spawnRuntime(runtimeName, example(name), ["0"]);
  const { value: greeting } = await server.lines.next();
  const [, port] = /^Listening on port (\d+); now start the client$/.exec(greeting)!;
  return { server, url: `ws://127.0.0.1:${port}` };
}

test("examples/quick_start: the client answers over connections that it has opened, until Ctrl-C", async () => {
  const { server, url } = await startServer("quick_start_server");
  await using _ = server;
  await using client = spawnRuntime(runtimeName, example("quick_start_client"), [url]);
  const answers = await restOf(server);
  assertEquals(await server.exited, 0);
  client.kill("SIGINT");
  const answered = await restOf(client);
  assertEquals(await client.exited, 0);
  assertEquals(answers.slice(0, 2), [
    "How are you? Well, thank you",
    `Where do you run? On ${runtimeName === "bun" ? "Bun" : "Deno"}`,
  ]);
  assertMatch(answers[2], /^For how long\? For \d+\.\d\d seconds$/);
  assertEquals(answered, [
    "Connected",
    "Answered: How are you?",
    "Answered: Where do you run?",
    "Answered: For how long?",
  ]);
});

test("examples/by_id: the server gets three reports over connections that both sides fetch by id", async () => {
  const { server, url } = await startServer("by_id_server");
  await using _ = server;
  await using client = spawnRuntime(runtimeName, example("by_id_client"), [url]);
  const [reports, [connected, ...reported]] = await Promise.all([restOf(server), restOf(client)]);
  assertEquals([await server.exited, await client.exited], [0, 0]);
  assertEquals([connected, reported.length], ["Connected", 3]);
  for (const [index, line] of reports.entries()) {
    const id = reported[index].replace("Reported over connection ", "");
    assertMatch(line, new RegExp(`^Report ${index + 1} over connection ${id}: up for \\d+\\.\\d\\d seconds$`));
  }
});

test("examples/load_balancing: each policy spreads as it says", async () => {
  const lines = await linesOf("load_balancing");
  const [inTurn, leastInUse, failover] = lines.map((line) => line.split(": "));
  assertEquals(inTurn, ["Round robin", "a b c a"]);
  // The order of these two depends on when the earlier connections became idle again.
  assertEquals([leastInUse[0], leastInUse[1].split(" ").sort().join(" ")], ["Least in use while a is busy", "b b c c"]);
  assertEquals(failover, ["Failover when a is gone", "b b b b"]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`examples/graceful_shutdown: ${signal} lets the connection in use end properly`, async () => {
    await using program = spawnRuntime(runtimeName, example("graceful_shutdown"));
    const { value: started } = await program.lines.next();
    assertMatch(started, /^Process \d+ runs until SIGINT or SIGTERM$/);
    assertEquals((await program.lines.next()).value, "client heard tick 1");
    program.kill(signal);
    const rest = await restOf(program);
    assertEquals(await program.exited, 0);
    assert(rest.includes(`${signal}: waiting for 1 connection in use`), rest.join("\n"));
    assert(rest.includes("client heard goodbye"), rest.join("\n"));
    assert(rest.includes("Closed, 0 links are left"), rest.join("\n"));
  });
}

test("examples/error_rate: the alarm comes when the server goes, and recovery when it is back", async () => {
  const [first, ...rest] = await linesOf("error_rate");
  assertEquals(first, "The application counted 1 error");
  const alarm = rest.findIndex((line) =>
    line.startsWith("Alarm: more than 3 errors in 500 ms; the latest was: Cannot dial")
  );
  assert(alarm > 0, rest.join("\n"));
  assert(Number.parseInt(rest[alarm - 1]) > 3, rest[alarm - 1]);
  assertEquals(rest.at(-2), "0 errors in the last 500 ms");
  assertMatch(rest.at(-1)!, /^Recovered, idle links: [1-9]\d*$/);
});

test("examples/stats_logging: the lines tell of every connection and every byte", async () => {
  const lines = await linesOf("stats_logging");
  const line =
    /^(client|server): idle \d+\/\d+, in use \d+, waiting \d+; taken \+(\d+) .*; dialed \+\d+, failed \+0; read \+(\d+) B, written \+(\d+) B$/;
  const sums = { client: [0, 0, 0], server: [0, 0, 0] };
  for (const text of lines) {
    assertMatch(text, line);
    const [, pool, ...gained] = line.exec(text)!;
    sums[pool as "client" | "server"].forEach((sum, index, all) => all[index] = sum + Number(gained[index]));
  }
  assertEquals(sums, { client: [10, 5_500_000, 0], server: [10, 0, 5_500_000] });
});

test("examples/embedded_server: the pool and a route of the application share a port", async () => {
  assertEquals(await linesOf("embedded_server"), ["idle links: 0", "hello through the application's own port"]);
});

/** Starts one of the HTTP servers on a free port. */
async function startHttp(name: string): Promise<{ server: SpawnedRuntime; url: string }> {
  const server = spawnRuntime(runtimeName, example(name), ["0"], { keepErrors: true });
  const { value: greeting } = await server.lines.next();
  const [, url] = /^Listening on (http:\S+)$/.exec(greeting)!;
  return { server, url };
}

/** A client of a pool that is mounted in such a server. */
function clientOf(url: string): ClientPool {
  return new ClientPool({ url: `${url.replace("http:", "ws:")}/links`, name: "edge-7", maxCapacity: 1 });
}

/** The status and the body of a response. */
async function request(url: string, method = "GET"): Promise<[status: number, body: string]> {
  const response = await fetch(url, { method });
  return [response.status, await response.text()];
}

for (const name of ["hono_server", "router_server"]) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`examples/${name}: a client that nobody can dial answers a request of HTTP, until ${signal}`, async () => {
      const { server, url } = await startHttp(name);
      await using _ = server;
      const complaints = Array.fromAsync(server.errorLines!);
      await using client = clientOf(url);
      await client.start();
      const question = pattern(100_000);
      const asked = fetch(`${url}/ask/edge-7`, { method: "POST", body: question });
      const { readable, writable } = await client.accept();
      await readable.pipeTo(writable);
      assertEquals(await (await asked).bytes(), question);
      server.kill(signal); // while the client has an idle link
      assertEquals([await server.exited, await complaints], [0, []]);
    });
  }

  test(`examples/${name}: the pool has one of the routes, and HTTP is told when nobody is there to answer`, async () => {
    const { server, url } = await startHttp(name);
    await using _ = server;
    assertEquals(await request(`${url}/`), [200, "POST a question to /ask/NAME\n"]);
    assertEquals(await request(`${url}/links`), [426, "Upgrade Required\n"]);
    assertEquals((await request(`${url}/elsewhere`))[0], 404);
    const [status, why] = await request(`${url}/ask/nobody`, "POST");
    assertEquals(status, 504);
    assertMatch(why, /^Cannot open a stream to nobody: no client of that name connected within \d+ ms/);
    assertEquals(`${(await server.errorLines!.next()).value}\n`, why);
  });
}

test("examples/hono_server: the app's middleware sees every request and has a say in the answers", async () => {
  const { server, url } = await startHttp("hono_server");
  await using _ = server;
  const response = await fetch(url);
  await response.body?.cancel();
  assertEquals(response.headers.get("x-idle-links"), "0");
  await using client = clientOf(url);
  await client.start();
  const logged: string[] = [];
  while (logged.length < 4) logged.push(stripVTControlCharacters((await server.lines.next()).value));
  assertEquals(logged.map((line) => line.replace(/ \d+ms$/, "")), [
    "<-- GET /",
    "--> GET / 200",
    "<-- GET /links?npws=2",
    `--> GET /links?npws=2 ${runtimeName === "bun" ? 200 : 101}`,
  ]);
});

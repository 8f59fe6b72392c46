import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { test } from "../harness.ts";
import { RawClient } from "./raw_client.ts";
import { deadPort, startEcho } from "./target.ts";
import { startClient, startServer, startTunnel } from "./tunnel.ts";

/** How many connections are open at a time. */
const WORKERS = 8;

/** How soon new connections must work again after a side of the tunnel has been restarted, in milliseconds. */
const RECOVERY_MS = 3_000;

/** Opens connections continuously, whatever becomes of them, until it is disposed. */
class Load implements AsyncDisposable {
  readonly #port: number;
  readonly #workers: Promise<void>[];
  #succeeded = 0;
  #isOver = false;
  #waiting = new Set<() => void>();

  constructor(port: number) {
    this.#port = port;
    this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  /** Waits until `count` connections opened from now on have had their bytes echoed. */
  async succeeded(count: number): Promise<void> {
    const goal = this.#succeeded + WORKERS + count; // those in progress may have been opened before
    while (this.#succeeded < goal) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      if (!await this.#exchange()) await new Promise((resolve) => setTimeout(resolve, 10)); // otherwise it would spin
    }
  }

  /** Whether a new connection had all its bytes echoed. */
  async #exchange(): Promise<boolean> {
    try {
      using client = await RawClient.connect(this.#port);
      client.send("hello");
      if (await client.read(5) !== "hello") return false;
      client.endWriting();
      const { rest, end } = await client.readToEnd();
      if (rest !== "" || end !== "end") return false;
    } catch {
      return false;
    }
    this.#succeeded++;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    return true;
  }
}

test("tunnel works again when its client was killed under load and started again", async () => {
  await using echo = await startEcho();
  await using tunnel = await startTunnel(echo.port, { client: ["--name", "edge-7"] });
  await using load = new Load(tunnel.port);
  await load.succeeded(100);
  tunnel.client.kill("SIGKILL");
  await tunnel.client.exited;
  const forward = ["--forward", `${tunnel.port}=127.0.0.1:${echo.port}`];
  await using _client = startClient(tunnel.url, echo.port, ["--name", "edge-7", ...forward]);
  await deadline(load.succeeded(1), RECOVERY_MS);
  await load.succeeded(100);
});

test("tunnel works again when its client stopped without a word under load and another one took its name", async () => {
  await using echo = await startEcho();
  await using tunnel = await startTunnel(echo.port, { client: ["--name", "edge-7"] });
  await using load = new Load(tunnel.port);
  await load.succeeded(100);
  tunnel.client.kill("SIGSTOP"); // its sockets stay open, like those of a machine that has lost power
  const forward = ["--forward", `${tunnel.port}=127.0.0.1:${echo.port}`];
  await using client = startClient(tunnel.url, echo.port, ["--name", "edge-7", ...forward]);
  await client.logged(/on the server leads to/);
  tunnel.client.kill("SIGKILL"); // frees the connections that it held when it was stopped
  await deadline(load.succeeded(1), RECOVERY_MS);
  await load.succeeded(100);
});

test("tunnel works again when its server was killed under load and started again", async () => {
  await using echo = await startEcho();
  const first = await startServer();
  await using server = first.server;
  const port = await deadPort();
  await using client = startClient(first.url, 0, ["--forward", `${port}=127.0.0.1:${echo.port}`]);
  await client.logged(/on the server leads to/);
  await using load = new Load(port);
  await load.succeeded(100);
  server.kill("SIGKILL");
  await server.exited;
  await using _again = (await startServer([], first.port)).server;
  await deadline(load.succeeded(1), RECOVERY_MS);
  await load.succeeded(100);
});

test("tunnel client waits for a server that is not there yet", async () => {
  await using echo = await startEcho();
  const { server, url, port } = await startServer();
  await server[Symbol.asyncDispose]();
  await using client = startClient(url, echo.port);
  await client.logged(/^warn +Cannot dial ws:.*connection refused; trying again$/);
  await using _server = (await startServer([], port)).server;
  const [publicPort] = await client.logged(/:(\d+) on the server leads to/);
  using connection = await RawClient.connect(Number(publicPort));
  connection.send("x");
  assertEquals(await connection.read(1), "x");
});

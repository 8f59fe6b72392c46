import { assertEquals, assertMatch } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "../harness.ts";
import { isAvailable } from "../debian_programs.ts";
import { run } from "./command.ts";
import { RawClient } from "./raw_client.ts";
import { deadPort, type Target } from "./target.ts";
import { startTunnel } from "./tunnel.ts";

const skip = !isAvailable("redis-server") || !isAvailable("redis-benchmark");

/** Starts a Redis server that keeps everything in memory. */
async function startRedis(): Promise<Target> {
  const port = await deadPort();
  const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child: ChildProcess = spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.stdout!.setEncoding("utf8");
  for await (const text of child.stdout!.iterator({ destroyOnReturn: false })) {
    if (text.includes("Ready to accept connections")) break;
  }
  child.stdout!.resume();
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      child.stdout!.destroy();
    },
  };
}

test("tunnel carries Redis under its own benchmark, 20 clients with 10 requests under way each", async () => {
  await using redis = await startRedis();
  await using tunnel = await startTunnel(redis.port);
  const load = ["-c", "20", "-P", "10", "-n", "20000", "-d", "200", "-t", "set,get,lrange_100", "--csv"];
  const { output, errorOutput } = await run("redis-benchmark", ["-h", "127.0.0.1", "-p", `${tunnel.port}`, ...load]);
  assertEquals(errorOutput, "");
  for (const name of ["SET", "GET", "LRANGE_100"]) assertMatch(output, new RegExp(`^"${name}.*","[1-9]`, "m"));
}, { skip });

test("tunnel carries a Redis subscription, where the server speaks unasked", async () => {
  await using redis = await startRedis();
  await using tunnel = await startTunnel(redis.port);
  using subscriber = await RawClient.connect(tunnel.port);
  subscriber.send("SUBSCRIBE news\r\n");
  const confirmed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
  assertEquals(await subscriber.read(confirmed.length), confirmed);
  using publisher = await RawClient.connect(tunnel.port);
  publisher.send("PUBLISH news hello\r\n");
  const message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n";
  assertEquals(await subscriber.read(message.length), message);
}, { skip });

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import process from "node:process";
import { PassThrough } from "node:stream";
import { makeCertificate } from "../../examples/demo/certificate.ts";
import { decode, type FromServer } from "../../examples/demo/messages.ts";
import { serve } from "../../examples/demo/serve.ts";
import { Server, SERVER_PROGRAM } from "../../examples/demo/server.ts";
import { test } from "../harness.ts";

const { signal } = new AbortController();

test("Server.listen() resolves with the port, and the process ends with the object", async () => {
  let pid: number;
  {
    await using server = new Server(SERVER_PROGRAM, signal);
    pid = server.pid!;
    assertEquals(await server.listen(0, await makeCertificate(), 4) > 0, true);
    assertEquals((await server.stats()).capacity, 4);
  }
  assertThrows(() => process.kill(pid, 0), Error, "ESRCH");
});

test("Server rejects what is waited for when its process ends", async () => {
  await using server = new Server(SERVER_PROGRAM, signal);
  await server.listen(0, await makeCertificate(), 4);
  const arrived = server.arrived("00000000");
  process.kill(server.pid!, "SIGKILL");
  await assertRejects(() => arrived, Error, "Cannot continue: the server process has ended");
});

test("Server rejects what is waited for with the signal's reason", async () => {
  const stop = new AbortController();
  await using server = new Server(SERVER_PROGRAM, stop.signal);
  const listening = server.listen(0, await makeCertificate(), 4);
  stop.abort(new Error("enough"));
  await assertRejects(() => listening, Error, "enough");
});

test("serve() ends when its messages end, which they do with the process that sends them", async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const { cert, key } = await makeCertificate();
  const served = serve(input, output, () => Promise.resolve(""));
  input.write(`${JSON.stringify({ kind: "listen", port: 0, cert, key, maxCapacity: 1 })}\n`);
  const { value: message } = await decode<FromServer>(output).next();
  assertEquals(message?.kind, "listening");
  input.end();
  await served;
});

import { assertEquals } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { TcpSocket } from "../../examples/tunnel/tcp_socket.ts";
import { atRest } from "../at_rest.ts";
import { test } from "../harness.ts";
import { listen } from "./target.ts";

/** The two ends of a connection; the far one reads nothing before it is told to. */
async function connection(): Promise<{ near: TcpSocket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const far = connect({ host: "127.0.0.1", port: await listen(server), allowHalfOpen: true });
  const near = new TcpSocket(await accepted);
  server.close();
  return { near, far };
}

test("TcpSocket lets no peer take a part for the whole that ended at once and reads late", async () => {
  const { near, far } = await connection();
  far.end();
  for await (const _ of near.readable); // to its end
  const total = 20_000_000;
  let taken = 0;
  const writer = near.writable.getWriter();
  const written = (async () => {
    for (; taken < total; taken += 50_000) await writer.write(new Uint8Array(50_000));
    await writer.close();
  })().catch(() => {});
  await atRest(() => taken);
  let received = 0;
  const end = new Promise((resolve) => far.once("end", () => resolve("end")).once("error", () => resolve("reset")));
  far.on("data", (chunk) => received += chunk.length);
  if (await end === "end") assertEquals(received, total);
  await written;
  far.destroy();
});

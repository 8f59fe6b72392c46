import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { TcpListener } from "../../examples/tunnel/tcp.ts";
import { atRest } from "../at_rest.ts";
import { test } from "../harness.ts";

/** The two ends of a connection to the tunnel; the far one reads nothing before it is told to. */
async function connection(): Promise<{ near: Socket; far: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const events = { connected: accepted.resolve, failed: accepted.reject };
  const listener = await TcpListener.listen({ hostname: "127.0.0.1", port: 0 }, events);
  const far = connect({ host: "127.0.0.1", port: listener.address.port, allowHalfOpen: true });
  const near = await accepted.promise;
  listener.close();
  return { near, far };
}

test("TcpListener lets no peer take a part for the whole that ended at once and reads late", async () => {
  const { near, far } = await connection();
  far.end();
  await new Promise((resolve) => near.once("end", resolve).resume());
  const total = 20_000_000;
  const piece = 50_000;
  for (let written = 0; written < total; written += piece) near.write(new Uint8Array(piece));
  near.end();
  await atRest(() => near.bytesWritten);
  let received = 0;
  const end = new Promise((resolve) => far.once("end", () => resolve("end")).once("error", () => resolve("reset")));
  far.on("data", (chunk) => received += chunk.length);
  if (await end === "end") assertEquals(received, total);
  near.destroy();
  far.destroy();
});

/**
 * The client of a pair that agrees on connections by id. It reports over each connection that the server has taken.
 *
 * deno run -A examples/by_id_client.ts [url]
 */
import { ClientPool } from "@npws/pool";
import process from "node:process";

await using pool = new ClientPool({ url: process.argv[2] ?? "ws://127.0.0.1:8400", minCapacity: 2 });
await pool.start();
console.log("Connected");

// The server sends the ids of the connections that it takes, one per line, until it closes this connection.
await using control = await pool.outgoingGet("00000000");
for await (const id of lines(control.readable)) {
  await using connection = await pool.outgoingGet(id); // the other end of what the server has taken
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(`up for ${process.uptime().toFixed(2)} seconds`));
  await writer.close();
  console.log(`Reported over connection ${id}`);
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

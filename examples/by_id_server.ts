/**
 * The server of a pair that agrees on connections by id, like programs that use the Go package: with a peer that speaks
 * npws/1, there is no `open()`. It gets three reports from its client.
 *
 * deno run -A examples/by_id_server.ts [port]
 */
import { ServerPool } from "@npws/pool";
import process from "node:process";

const port = Number(process.argv[2] ?? 8400);
await using pool = new ServerPool({ hostname: "127.0.0.1", port });
await pool.start();
console.log(`Listening on port ${pool.address.port}; now start the client`);

// A server's first connection always has the id 00000000. Over it, the server tells the client which other ones it takes.
await using control = await pool.outgoingGet("00000000", { timeoutMs: Infinity });
const ids = control.writable.getWriter();

for (let number = 1; number <= 3; number++) {
  await using connection = await pool.incomingGet(); // any idle one; the client opens a new one to replace it
  await ids.write(new TextEncoder().encode(`${connection.id}\n`));
  const report = await new Response(connection.readable).text(); // reads to the end, which comes when the client closes it
  console.log(`Report ${number} over connection ${connection.id}: ${report}`);
}

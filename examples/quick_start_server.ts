/**
 * The server of the quick start. It asks its client three questions, each over a separate connection that the client has
 * opened beforehand: the client may be behind a NAT or a firewall, and nobody has to dial it.
 *
 * deno run -A examples/quick_start_server.ts [port]
 */
import { ServerPool } from "@npws/pool";
import process from "node:process";

const port = Number(process.argv[2] ?? 8400);
await using pool = new ServerPool({ hostname: "127.0.0.1", port });
await pool.start();
console.log(`Listening on port ${pool.address.port}; now start the client`);

for (const question of ["How are you?", "Where do you run?", "For how long?"]) {
  await using connection = await pool.open({ timeoutMs: Infinity }); // waits for the client, however long it takes
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(question));
  await writer.close(); // ends the question; the answer can still arrive
  console.log(`${question} ${await new Response(connection.readable).text()}`);
}

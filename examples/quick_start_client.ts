/**
 * The client of the quick start. It keeps connections to the server open, and answers the server's questions over them,
 * until Ctrl-C ends it.
 *
 * deno run -A examples/quick_start_client.ts [url]
 */
import { ClientPool, type PoolConnection } from "@npws/pool";
import process from "node:process";

const answers: Record<string, () => string> = {
  "How are you?": () => "Well, thank you",
  "Where do you run?": () => `On ${process.versions.bun ? "Bun" : "Deno"}`,
  "For how long?": () => `For ${process.uptime().toFixed(2)} seconds`,
};

const pool = new ClientPool({ url: process.argv[2] ?? "ws://127.0.0.1:8400" });
process.once("SIGINT", () => pool.close());
pool.addEventListener("linkopen", () => console.log("Connected"), { once: true });
pool.addEventListener("dialerror", ({ detail }) => console.error(`${detail.error.message}; trying again`));
pool.start();
for await (const connection of pool.accepted()) answer(connection).catch(console.error); // ends when the pool closes

async function answer(connection: PoolConnection): Promise<void> {
  await using _ = connection; // closes it at the end
  const question = await new Response(connection.readable).text();
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(answers[question]?.() ?? "I do not know"));
  await writer.close();
  console.log(`Answered: ${question}`);
}

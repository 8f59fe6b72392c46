/**
 * Mounts a pool in the application's own HTTP server, next to its other routes, on one port.
 *
 * deno run -A examples/embedded_server.ts
 */
import { ClientPool, ServerPool } from "@npws/pool";

/** The part of Bun that is used here; a project on Bun has `@types/bun`. */
declare const Bun: { serve(options: object): { port: number; stop(): Promise<void> } };

const pool = new ServerPool(); // it is never started: the application's server does the listening

const { port, stop } = "Bun" in globalThis ? serveOnBun() : serveOnDeno();
console.log(await (await fetch(`http://127.0.0.1:${port}/status`)).text());

const client = new ClientPool({ url: `ws://127.0.0.1:${port}/links` });
await client.start();
await sayHello();

await client.close();
await pool.close(); // before the server: Bun's stop() waits for open WebSockets
await stop();

async function sayHello(): Promise<void> {
  await using ours = await client.open();
  await using theirs = await pool.accept();
  const writer = ours.writable.getWriter();
  await writer.write(new TextEncoder().encode("hello through the application's own port"));
  await writer.close();
  console.log(await new Response(theirs.readable).text());
}

/** The application's routes. The second argument is what the runtime passes to its request handlers. */
function handle(request: Request, serverOrInfo: unknown) {
  const { pathname } = new URL(request.url);
  if (pathname === "/links") return pool.fetch(request, serverOrInfo);
  if (pathname === "/status") return new Response(`idle links: ${pool.active}`);
  return new Response("Not Found", { status: 404 });
}

function serveOnBun() {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: handle, websocket: pool.websocket });
  return { port: server.port, stop: () => server.stop() };
}

function serveOnDeno() {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(options, handle);
  return { port: server.addr.port, stop: () => server.shutdown() };
}

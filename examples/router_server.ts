/**
 * Mounts a pool in a server with its own router, a list of URL patterns. Clients that nobody can dial open links to /links, and
 * a request to /ask/NAME is passed on to the client with that name: its body is the question, and what the client sends back is
 * the answer. Ctrl-C ends it.
 *
 * deno run -A examples/router_server.ts [PORT]
 */
import { PoolTimeoutError, ServerPool } from "@npws/pool";
import process from "node:process";

/** The part of Bun that is used here; a project on Bun has `@types/bun`. */
declare const Bun: { serve(options: object): { port: number; stop(): Promise<void> } };

/** Gets the names in its route's path, and the runtime's second argument: Bun's server, or Deno's client address. */
type Handler = (
  request: Request,
  names: Record<string, string | undefined>,
  serverOrInfo: unknown,
) => Response | Promise<Response>;

const pool = new ServerPool({ protocol: 2 }); // it is never started: the application's server does the listening

const routes: [path: string, handle: Handler][] = [
  ["/", () => new Response("POST a question to /ask/NAME\n")],
  ["/links", (request, _names, serverOrInfo) => pool.fetch(request, serverOrInfo)],
  ["/ask/:name", (request, { name }) => ask(name!, request.body)],
];
const patterns = routes.map(([pathname, handle]) => ({ pattern: new URLPattern({ pathname }), handle }));

const { port, stop } = "Bun" in globalThis ? serveOnBun() : serveOnDeno();
console.log(`Listening on http://127.0.0.1:${port}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

/** Returns the handler's result as it is: on Bun, pool.fetch() returns undefined after an upgrade. */
async function route(request: Request, serverOrInfo: unknown): Promise<Response> {
  for (const { pattern, handle } of patterns) {
    const match = pattern.exec(request.url);
    if (!match) continue;
    try {
      return await handle(request, match.pathname.groups, serverOrInfo);
    } catch (error) {
      const { message } = error as Error;
      console.error(message);
      return new Response(`${message}\n`, { status: error instanceof PoolTimeoutError ? 504 : 503 });
    }
  }
  return new Response("Not Found\n", { status: 404 });
}

/** Streams the question and the answer at the same time: each may be larger than memory. */
async function ask(name: string, question: ReadableStream<Uint8Array> | null): Promise<Response> {
  const { readable, writable } = await pool.open({ peer: name, timeoutMs: 1_000 });
  const asked = question ? question.pipeTo(writable) : writable.close();
  asked.catch(() => {}); // if the question breaks off, the client resets the answer
  return new Response(readable);
}

async function end(): Promise<void> {
  await pool.close(); // before the server: Bun's stop() waits for open WebSockets
  await stop();
}

function serveOnBun() {
  const options = { hostname: "127.0.0.1", port: Number(process.argv[2] ?? 8400) };
  const server = Bun.serve({ ...options, fetch: route, websocket: pool.websocket });
  return { port: server.port, stop: () => server.stop() };
}

function serveOnDeno() {
  const options = { hostname: "127.0.0.1", port: Number(process.argv[2] ?? 8400), onListen() {} };
  const server = Deno.serve(options, route);
  return { port: server.addr.port, stop: () => server.shutdown() };
}

/**
 * Mounts a pool in a Hono app. Clients that nobody can dial open links to /links, and a request to /ask/NAME is passed on to
 * the client with that name: its body is the question, and what the client sends back is the answer. Ctrl-C ends it.
 *
 * deno run -A examples/hono_server.ts [PORT]
 */
import { PoolTimeoutError, ServerPool } from "@npws/pool";
import { Hono } from "hono";
import { logger } from "hono/logger";
import process from "node:process";

/** The part of Bun that is used here; a project on Bun has `@types/bun`. */
declare const Bun: { serve(options: object): { port: number; stop(): Promise<void> } };

const pool = new ServerPool({ protocol: 2 }); // it is never started: the app's server does the listening

const app = new Hono();
app.use(logger()); // middleware sees the upgrade like every other request
app.use(async (context, next) => {
  await next();
  context.header("X-Idle-Links", `${pool.active}`);
});
app.get("/", (context) => context.text("POST a question to /ask/NAME\n"));
// `env` is the second argument of `app.fetch`, which the runtime passes along with the request. Bun answers an upgrade itself:
// pool.fetch() then returns undefined, but Hono requires a response, which Bun ignores.
app.get("/links", async (context) => await pool.fetch(context.req.raw, context.env) ?? new Response(null));
app.post("/ask/:name", (context) => ask(context.req.param("name"), context.req.raw.body));
app.onError((error, context) => {
  console.error(error.message);
  return context.text(`${error.message}\n`, error instanceof PoolTimeoutError ? 504 : 503);
});

const { port, stop } = "Bun" in globalThis ? serveOnBun() : serveOnDeno();
console.log(`Listening on http://127.0.0.1:${port}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);

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
  const server = Bun.serve({ ...options, fetch: app.fetch, websocket: pool.websocket });
  return { port: server.port, stop: () => server.stop() };
}

function serveOnDeno() {
  const options = { hostname: "127.0.0.1", port: Number(process.argv[2] ?? 8400), onListen() {} };
  const server = Deno.serve(options, app.fetch);
  return { port: server.addr.port, stop: () => server.shutdown() };
}

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "./target.ts";

/** The file that the server serves. */
export const FILE = Uint8Array.from({ length: 20_000_003 }, (_, index) => index * index % 251);

export const FILE_SHA256 = createHash("sha256").update(FILE).digest("hex");

/** An HTTP server on 127.0.0.1. */
export interface HttpTarget extends AsyncDisposable {
  readonly port: number;
}

/**
 * Starts it: GET /file returns the file and supports ranges; GET /chunked returns it without a content length; PUT and POST
 * return the SHA-256 of the request body; everything else is answered with "hello".
 */
export async function startHttpTarget(): Promise<HttpTarget> {
  const server = createServer((request, response) => {
    if (request.method !== "GET") return void answerHash(request, response);
    if (request.url === "/file") return sendFile(request, response);
    if (request.url === "/chunked") return void sendChunked(response);
    response.end("hello");
  });
  const port = await listen(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerHash(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of request) hash.update(chunk);
  response.end(hash.digest("hex"));
}

function sendFile(request: IncomingMessage, response: ServerResponse): void {
  const [, first, last = FILE.length - 1] = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined) {
    response.writeHead(200, { "content-length": FILE.length, "accept-ranges": "bytes" }).end(FILE);
    return;
  }
  const part = FILE.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${last}/${FILE.length}`;
  response.writeHead(206, { "content-length": part.length, "content-range": range }).end(part);
}

async function sendChunked(response: ServerResponse): Promise<void> {
  for (let at = 0; at < FILE.length; at += 100_000) {
    if (!response.write(FILE.subarray(at, at + 100_000))) {
      await new Promise((resolve) => response.once("drain", resolve));
    }
  }
  response.end();
}

import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { RawLink } from "./raw_link.ts";
import { concat } from "./websocket_frames.ts";

/** An upgrade request that the test's server has read but not answered. */
export interface Opening {
  readonly link: RawLink;
  /** The request up to and including its empty line. */
  readonly request: string;
  /** How many requests came before it. */
  readonly index: number;
  /** The bytes of the response that completes the WebSocket handshake. */
  readonly accept: Uint8Array;
}

/** Answers an upgrade request. */
export type Greeting = (opening: Opening) => void | Promise<void>;

/** The server role of npws/1, implemented directly on TCP. */
export class Npws1Server implements AsyncDisposable {
  readonly #listener: Server;
  readonly #greet: Greeting;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: ((link: RawLink) => void)[] = [];
  readonly #ready: RawLink[] = [];
  #openings = 0;
  #port = 0;

  private constructor(greet: Greeting) {
    this.#greet = greet;
    this.#listener = createServer((socket) => this.#open(socket));
  }

  /** Listens on 127.0.0.1. Each link gets the greeting; by default the next id, in one write with the handshake response. */
  static async listen(greet: Greeting = glued, port = 0): Promise<Npws1Server> {
    const server = new Npws1Server(greet);
    await new Promise<void>((resolve, reject) => {
      server.#listener.once("error", reject);
      server.#listener.listen(port, "127.0.0.1", resolve);
    });
    server.#port = (server.#listener.address() as { port: number }).port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The next greeted link, in the order of the requests. */
  nextLink(): Promise<RawLink> {
    const link = this.#ready.shift();
    return link ? Promise.resolve(link) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next `count` links. */
  async nextLinks(count: number): Promise<RawLink[]> {
    const links: RawLink[] = [];
    while (links.length < count) links.push(await this.nextLink());
    return links;
  }

  /** Drops all connections. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Shuts down abruptly, as if its process had ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  async #open(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const link = new RawLink(socket, "server");
    const request = await readHead(link);
    if (request === undefined) return;
    await this.#greet({ link, request, index: this.#openings++, accept: acceptance(request) });
    const waiting = this.#waiting.shift();
    if (waiting) waiting(link);
    else this.#ready.push(link);
  }
}

/** A greeting: the id "00000000" for the first link, "00000001" for the next, in one write with the handshake response. */
export const glued: Greeting = (opening) => opening.link.write(concat(opening.accept, idFrame(opening, opening.index)));

/** The frame that carries the id with this number, which also becomes the id of `link`. */
export function idFrame({ link }: Pick<Opening, "link">, number: number): Uint8Array {
  link.id = number.toString(16).padStart(8, "0");
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, number);
  return link.frame(0x2, payload);
}

/** A server pool's answer to a request. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The connection, for reading what follows the handshake; the caller destroys it. */
  link: RawLink;
}

/** Options of an upgrade request. */
export interface UpgradeOptions {
  hostname?: string;
  path?: string;
  headers?: Record<string, string>;
}

/** Requests an upgrade, and reads no further than the empty line of the answer. */
export async function requestUpgrade(port: number, options: UpgradeOptions = {}): Promise<Answer> {
  const { hostname = "127.0.0.1", path = "/", headers = {} } = options;
  const socket = connect(port, hostname);
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const link = new RawLink(socket, "client");
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const all = { Host: hostname, ...upgradeHeaders(key), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  await link.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`));
  const head = await readHead(link) ?? "";
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
  const answer = { status: Number(status), headers: parseHeaders(head), link };
  if (answer.status === 101) assertEquals(answer.headers.get("sec-websocket-accept"), acceptKey(key));
  return answer;
}

/** The client role of npws/1: opens a link and reads its id, and nothing after it. */
export async function dialNpws1(port: number, options?: UpgradeOptions): Promise<RawLink> {
  const { status, link } = await requestUpgrade(port, options);
  assertEquals(status, 101);
  const first = await link.readMessage();
  assertEquals(first.length, 4, "the first message must be the id");
  link.id = first.toHex();
  return link;
}

function upgradeHeaders(key: string): Record<string, string> {
  return { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key };
}

/** Reads up to the first empty line. */
function readHead(link: RawLink): Promise<string | undefined> {
  return link.read((unread) => {
    const text = new TextDecoder("latin1").decode(unread);
    const end = text.indexOf("\r\n\r\n");
    return end === -1 ? undefined : { value: text.slice(0, end), byteLength: end + 4 };
  });
}

function parseHeaders(head: string): Headers {
  const headers = new Headers();
  for (const [, name, value] of head.matchAll(/^([^:\r\n]+):[ \t]*(.*?)\r?$/gm)) headers.append(name, value);
  return headers;
}

function acceptance(request: string): Uint8Array {
  const key = parseHeaders(request).get("sec-websocket-key") ?? "";
  return new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
  );
}

function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

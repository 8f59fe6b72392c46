import { inParentheses, messageOf } from "../describe.ts";
import { ConnectionLostError, PoolClosedError, PoolError, ProtocolError } from "../errors.ts";
import { formatId, idBytes } from "../id.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Message, Socket } from "../runtime/socket.ts";
import type { Clock } from "../time/clock.ts";
import { type ClientHello, formatHello, type Hello, parseClientHello, parseServerHello } from "./hello.ts";
import { CLOSE_TIMEOUT_MS, type Link, type LinkHost } from "./link.ts";
import { Npws1Link } from "./npws1.ts";
import { Npws2Link } from "./npws2.ts";

const ID_BYTES = 4;

/** The protocols that a side may speak: npws/2 with peers that know it and npws/1 with all others, or only one of them. */
export type Protocols = "auto" | 1 | 2;

/**
 * The client's side. The server's first message is either binary, 4 bytes long, and the id (npws/1, docs/wire.md section 1), or
 * a text, the server's hello (npws/2, section 2.1), which is answered. On failure the socket is closed. On success it has no
 * handler: messages that arrived right behind the first one wait until the pool takes over the link.
 *
 * @param hello The answer to the server's hello; not sent on npws/1.
 * @throws {ProtocolError} The first message is neither, or not of an allowed protocol.
 * @throws {ConnectionLostError} The server closed the socket before its first message.
 * @throws {PoolError} The signal aborted: its reason, and unless the pool was closed, what was awaited.
 */
export async function clientHandshake(
  socket: Socket,
  host: LinkHost,
  protocols: Protocols,
  hello: ClientHello,
  signal: AbortSignal,
): Promise<Link> {
  const message = await firstMessage(socket, host.clock, signal, "server");
  if (protocols !== 2 && typeof message !== "string" && message.byteLength === ID_BYTES) {
    return new Npws1Link(socket, host, formatId(message));
  }
  const serverHello = protocols !== 1 && typeof message === "string" ? parseServerHello(message) : undefined;
  if (serverHello) {
    socket.send(formatHello({ ...hello, bundles: serverHello.bundles }));
    return new Npws2Link(socket, host, "client", serverHello.id, serverHello);
  }
  await closeSocket(socket, host.clock, CloseCode.protocolError, "first message");
  throw new ProtocolError(`first message must be ${expected(protocols)}, got ${described(message)}`);
}

/** The server's side on npws/1: it sends the id, and nothing else. */
export function serverHandshake1(socket: Socket, host: LinkHost, id: string): Link {
  socket.send(idBytes(id));
  return new Npws1Link(socket, host, id);
}

/**
 * The server's side on npws/2: sends its hello and waits for the client's. On failure the socket is closed.
 *
 * @throws {ProtocolError} The client's first message is not a valid hello.
 * @throws {ConnectionLostError} The client closed the socket before its first message.
 * @throws {PoolError} The signal aborted: its reason, and unless the pool was closed, what was awaited.
 */
export async function serverHandshake2(
  socket: Socket,
  host: LinkHost,
  id: string,
  hello: Hello,
  signal: AbortSignal,
): Promise<Link> {
  const answer = firstMessage(socket, host.clock, signal, "client");
  socket.send(formatHello({ id, ...hello }));
  const message = await answer;
  const clientHello = typeof message === "string" ? parseClientHello(message) : undefined;
  if (clientHello) return new Npws2Link(socket, host, "server", id, clientHello);
  await closeSocket(socket, host.clock, CloseCode.protocolError, "first message");
  throw new ProtocolError(`first message must be an npws/2 hello, got ${described(message)}`);
}

function firstMessage(
  socket: Socket,
  clock: Clock,
  signal: AbortSignal,
  sender: "server" | "client",
): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const settle = () => {
    socket.handler = undefined;
    signal.removeEventListener("abort", abort);
  };
  const abort = async () => {
    settle();
    if (signal.reason instanceof PoolClosedError) {
      socket.terminate();
      return reject(signal.reason);
    }
    await closeSocket(socket, clock, CloseCode.protocolError, "no first message in time");
    const message = `${messageOf(signal.reason)}: the ${sender} sent no first message`;
    reject(new PoolError(message, { cause: signal.reason }));
  };
  socket.handler = {
    onMessage(message) {
      settle();
      resolve(message);
    },
    onDrain() {},
    onClose(code, reason) {
      settle();
      const message = `closed by the ${sender} before its first message: code ${code}${inParentheses(reason)}`;
      reject(new ConnectionLostError(message, code, reason));
    },
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return promise;
}

/** Closes a socket that no link owns; resolves when it is closed, after a second at most. */
function closeSocket(socket: Socket, clock: Clock, code: number, reason: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.handler = {
      onMessage() {},
      onDrain() {},
      onClose() {
        clock.clearTimeout(timer);
        resolve();
      },
    };
    socket.close(code, reason);
  });
}

function described(message: Message): string {
  if (typeof message !== "string") return `${message.byteLength} bytes of binary data`;
  return `a text of ${message.length} characters`;
}

function expected(protocols: Protocols): string {
  if (protocols === 1) return "the 4-byte id";
  return protocols === 2 ? "an npws/2 hello" : "the 4-byte id or an npws/2 hello";
}

import type { Clock } from "../clock.ts";
import { ConnectionLostError, ProtocolError } from "../errors.ts";
import { formatId } from "../id.ts";
import type { Message, Socket } from "../runtime/socket.ts";
import { CLOSE_TIMEOUT_MS, CloseCode } from "./link.ts";

const ID_BYTES = 4;

/**
 * The client's part of the handshake: waits for the server's first message, which on npws/1 is binary, exactly 4 bytes long,
 * and the id (wire.md section 1). On failure the socket is closed. On success the caller sets the socket's next handler; what
 * came glued to the first message waits for it.
 *
 * @throws {ProtocolError} The first message is something else.
 * @throws {ConnectionLostError} The server closed the socket before.
 * @throws The signal's reason.
 */
export async function clientHandshake(socket: Socket, clock: Clock, signal: AbortSignal): Promise<string> {
  const message = await firstMessage(socket, signal);
  if (typeof message !== "string" && message.byteLength === ID_BYTES) return formatId(message);
  await closeSocket(socket, clock, CloseCode.protocolError, "first message");
  throw new ProtocolError(`first message is ${described(message)}, must be a 4-byte id`);
}

/** Closes a socket that no link owns yet; resolves when it is gone, after a second at most. */
export function closeSocket(socket: Socket, clock: Clock, code: number, reason: string): Promise<void> {
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

function firstMessage(socket: Socket, signal: AbortSignal): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const settle = () => {
    socket.handler = undefined;
    signal.removeEventListener("abort", abort);
  };
  const abort = () => {
    settle();
    socket.terminate();
    reject(signal.reason);
  };
  socket.handler = {
    onMessage(message) {
      settle();
      resolve(message);
    },
    onDrain() {},
    onClose(code, reason) {
      settle();
      const text = reason ? ` (${reason})` : "";
      reject(new ConnectionLostError(`closed by the server before the id came: code ${code}${text}`, code, reason));
    },
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return promise;
}

function described(message: Message): string {
  return typeof message === "string" ? `a text of ${message.length} characters` : `${message.byteLength} bytes long`;
}

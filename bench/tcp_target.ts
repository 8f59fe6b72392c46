import type { Socket } from "node:net";
import { serveTcp } from "./tcp.ts";

/** The length of a connection's request, in bytes: the operation and its byte count. */
export const REQUEST_BYTES = 16;

const CHUNK = new Uint8Array(65_536);

/** The operation that a connection requests from the target. */
export type Wish = "echo" | "download" | "upload";

/** The first bytes of a connection. */
export function request(wish: Wish, byteLength: number): Uint8Array {
  return new TextEncoder().encode(`${wish[0]}${String(byteLength).padStart(REQUEST_BYTES - 1)}`);
}

/** A server behind a tunnel: echoes what it receives, sends the requested number of bytes, or receives the announced number. */
export class TcpTarget {
  listen(): Promise<number> {
    return serveTcp(serve, true);
  }
}

function serve(socket: Socket): void {
  let first = new Uint8Array();
  const onData = (chunk: Uint8Array) => {
    first = first.length === 0 ? chunk as Uint8Array<ArrayBuffer> : new Uint8Array([...first, ...chunk]);
    if (first.length < REQUEST_BYTES) return;
    socket.off("data", onData);
    const text = new TextDecoder().decode(first.subarray(0, REQUEST_BYTES));
    begin(socket, text[0], Number(text.slice(1)), first);
  };
  socket.on("data", onData);
  socket.on("error", () => socket.destroy());
}

function begin(socket: Socket, wish: string, byteLength: number, first: Uint8Array): void {
  if (wish === "e") {
    socket.write(first);
    socket.pipe(socket);
  } else if (wish === "d") {
    sendAll(socket, byteLength);
    socket.resume();
  } else {
    let left = byteLength - (first.length - REQUEST_BYTES);
    const count = (bytes: number) => {
      left -= bytes;
      if (left === 0) socket.end(new Uint8Array(1));
    };
    socket.on("data", (chunk) => count(chunk.length));
  }
}

/** Sends `byteLength` bytes as fast as the socket accepts them, then ends it. `onSent` is called for each chunk. */
export function sendAll(socket: Socket, byteLength: number, onSent: (bytes: number) => void = () => {}): void {
  let left = byteLength;
  const send = () => {
    while (left > 0) {
      const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= chunk.length;
      onSent(chunk.length);
      if (!socket.write(chunk)) return void socket.once("drain", send);
    }
    socket.end();
  };
  send();
}

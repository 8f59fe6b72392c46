/**
 * A tunnel over raw WebSockets: what they alone take for it, without a pool. It has no flow control and no proof of life, loses
 * what breaks, and sends a connection's first bytes with the request for it.
 *
 * `server` prints the public port, and the port for the client; `client <server's port> <target's port>` prints a line when it is
 * connected.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { systemClock } from "../src/time/clock.ts";
import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";
import { serveTcp } from "./tcp.ts";

/** Bits of a message's first byte: it begins a connection, and it is the last one in this direction. */
const BEGIN = 1;
const END = 2;

const SOCKETS = 64;

/** A WebSocket that carries one connection after another. */
class Carrier {
  readonly #socket: RawSocket;
  readonly #begun: (carrier: Carrier) => void;
  readonly #freed: (carrier: Carrier) => void;
  #tcp: Socket | undefined;
  #unsent: Uint8Array[] = [];
  #bits = 0;
  #isDue = false;
  #directionsLeft = 2;

  /**
   * @param begun The other end has begun a connection.
   * @param freed Both directions of a connection have ended.
   */
  constructor(socket: RawSocket, begun: (carrier: Carrier) => void, freed: (carrier: Carrier) => void) {
    this.#socket = socket;
    this.#begun = begun;
    this.#freed = freed;
    socket.onMessage = (_, message) => this.#receive(new Uint8Array(message));
  }

  carry(tcp: Socket, bits: number): void {
    this.#tcp = tcp;
    this.#bits = bits;
    this.#directionsLeft = 2;
    tcp.on("data", (bytes: Uint8Array) => this.#sendSoon(bytes, 0));
    tcp.on("end", () => this.#sendSoon(undefined, END));
    tcp.on("error", () => tcp.destroy());
  }

  /** Everything of one turn of the event loop leaves in one message. */
  #sendSoon(bytes: Uint8Array | undefined, bits: number): void {
    if (bytes) this.#unsent.push(bytes);
    this.#bits |= bits;
    if (this.#isDue) return;
    this.#isDue = true;
    systemClock.endOfTurn(() => this.#send());
  }

  #send(): void {
    const bits = this.#bits;
    this.#socket.send(new Uint8Array(Buffer.concat([Uint8Array.of(bits), ...this.#unsent])));
    this.#unsent = [];
    this.#bits = 0;
    this.#isDue = false;
    if (bits & END) this.#directionEnded();
  }

  #receive(message: Uint8Array): void {
    const bits = message[0]!;
    if (bits & BEGIN) this.#begun(this);
    if (message.byteLength > 1) this.#tcp!.write(message.subarray(1));
    if ((bits & END) === 0) return;
    this.#tcp!.end();
    this.#directionEnded();
  }

  #directionEnded(): void {
    if (--this.#directionsLeft === 0) this.#freed(this);
  }
}

async function serve(): Promise<void> {
  const idle: Carrier[] = [];
  const waiting: Socket[] = [];
  const free = (carrier: Carrier) => {
    const next = waiting.shift();
    if (next) carrier.carry(next, BEGIN);
    else idle.push(carrier);
  };
  const port = await raw.serve((socket) => {
    socket.send(new Uint8Array(1)); // the client waits for a message
    free(new Carrier(socket, () => {}, free));
  });
  const publicPort = await serveTcp((tcp) => {
    const carrier = idle.pop();
    if (carrier) carrier.carry(tcp, BEGIN);
    else waiting.push(tcp);
  }, true);
  console.log(`${publicPort} ${port}`);
}

async function dial(port: string, target: number): Promise<void> {
  const begin = (carrier: Carrier) =>
    carrier.carry(connect({ host: "127.0.0.1", port: target, noDelay: true, allowHalfOpen: true }), 0);
  for (let i = 0; i < SOCKETS; i++) new Carrier(await raw.dial(`ws://127.0.0.1:${port}`), begin, () => {});
  console.log("connected");
}

const [role, port, target] = process.argv.slice(2);
if (role === "server") await serve();
else await dial(port!, Number(target));

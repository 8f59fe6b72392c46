import type { RelayEnd, RelaySocket } from "@npws/pool/relay";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type Pools, startPools } from "../contract/pools.ts";
import { runtimeName } from "../harness.ts";
import { TcpEnd } from "./tcp_end.ts";
import type { FarEnd } from "./memory_end.ts";

/** A connection: one end is the relay's, the other one the test's. */
export interface RealEnds extends AsyncDisposable {
  readonly near: RelayEnd | RelaySocket;
  readonly far: FarEnd;
  /** Breaks the far end, so that the near one sees an error instead of an end. */
  reset(): void;
}

/** What can be relayed. */
export interface EndKind {
  readonly name: string;
  /** Whether the far end can distinguish an abort from an end. */
  readonly hasReset: boolean;
  open(): Promise<RealEnds>;
}

export const endKinds: EndKind[] = [
  { name: "a pooled connection", hasReset: true, open: openPooled },
  { name: "a pooled connection's web streams", hasReset: true, open: openPooledStreams },
  { name: "a socket of node:net", hasReset: true, open: () => openTcp((socket) => socket) },
  { name: "a socket of node:net turned into web streams", hasReset: false, open: () => openTcp(fromNode) },
];

if (runtimeName === "deno") endKinds.push({ name: "a Deno.TcpConn", hasReset: false, open: openDeno });

async function openPooled(): Promise<RealEnds> {
  const pools: Pools = await startPools({ protocol: 2 });
  const [ours, theirs] = await Promise.all([pools.client.open(), pools.server.accept()]);
  return {
    near: theirs,
    far: ours,
    reset: () => ours.abort(),
    [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose](),
  };
}

/** With its web streams only, so that the relay has to go through them. */
async function openPooledStreams(): Promise<RealEnds> {
  const ends = await openPooled();
  const { readable, writable } = ends.near as RelayEnd;
  return { ...ends, near: { readable, writable } };
}

async function openTcp(turn: (socket: Socket) => RealEnds["near"]): Promise<RealEnds> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const [far, near] = await Promise.all([connectTo((server.address() as AddressInfo).port), accepted]);
  server.close();
  return tcpEnds(turn(near), far);
}

async function openDeno(): Promise<RealEnds> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [far, near] = await Promise.all([connectTo((listener.addr as Deno.NetAddr).port), listener.accept()]);
  listener.close();
  return tcpEnds(near, far);
}

function tcpEnds(near: RealEnds["near"], socket: Socket): RealEnds {
  const far = new TcpEnd(socket);
  const reset = () => far.reset();
  return { near, far: far as FarEnd, reset, [Symbol.asyncDispose]: () => Promise.resolve(reset()) };
}

function connectTo(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  return new Promise((resolve, reject) => socket.once("error", reject).once("connect", () => resolve(socket)));
}

function fromNode(socket: Socket): RelayEnd {
  return Duplex.toWeb(socket) as unknown as RelayEnd;
}

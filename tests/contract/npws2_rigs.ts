import type { ClientPoolOptions, Pool, ServerPoolOptions } from "@npws/pool";
import type { Clock } from "../../src/time/clock.ts";
import { runtimeName } from "../harness.ts";
import { dialNpws2, greetWith, type HelloMembers, helloText, RawPeer, readHello } from "./npws2_raw.ts";
import { serverPool, transports } from "./pools.ts";
import { openClientRig } from "./rigs.ts";

/** A pool of this module, and its npws/2 peers, which the test holds itself. */
export interface Rig extends AsyncDisposable {
  readonly pool: Pool;
  /** The next link, which is idle at the pool. */
  nextPeer(): Promise<RawPeer>;
}

/** One of the roles that a pool can have. */
export interface Role {
  readonly name: string;
  readonly side: "client" | "server";
  open(options?: RigOptions): Promise<Rig>;
  /** The code that the role sends for a protocol's close code: Deno's global WebSocket allows only application codes. */
  closeCode(code: number): number;
  /** The code that the role's peer sees when it is dropped: Deno's own WebSockets can only start a close, without a code. */
  readonly dropCode: number;
}

interface RigOptions {
  pool?: Partial<ClientPoolOptions & ServerPoolOptions>;
  clock?: Clock;
  /** The members of a peer's hello that differ from the defaults; the first peer has the index 0. */
  hello?: (index: number) => HelloMembers;
  /** How many dials of a client pool are answered; the rest wait. @default Infinity */
  answeredDials?: number;
}

const clientRoles = transports.map(({ name, options }): Role => {
  const isLimited = runtimeName === "deno" && options.WebSocket !== undefined;
  return {
    name: `a client pool on ${name}`,
    side: "client",
    open: ({ pool, ...rest } = {}) => openAsClient({ pool: { ...options, ...pool }, ...rest }),
    closeCode: (code) => isLimited && code !== 1000 ? 3000 + code : code,
    dropCode: isLimited ? 0 : 1006,
  };
});

/** A pool in each role, on each kind of socket that it can have. */
export const roles: Role[] = [
  ...clientRoles,
  {
    name: "a server pool",
    side: "server",
    open: openAsServer,
    closeCode: (code) => code,
    dropCode: runtimeName === "deno" ? 0 : 1006,
  },
];

async function openAsClient({ pool = {}, clock, hello, answeredDials = Infinity }: RigOptions): Promise<Rig> {
  const rig = await openClientRig(pool, {
    clock,
    greet(opening) {
      if (opening.index >= answeredDials) return new Promise(() => {});
      opening.link.id = opening.index.toString(16).padStart(8, "0");
      return greetWith(opening, helloText({ id: opening.link.id, ...hello?.(opening.index) }));
    },
  });
  return {
    pool: rig.pool,
    async nextPeer() {
      const link = await rig.nextLink();
      return synced(new RawPeer(link, await readHello(link), link.id));
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

async function openAsServer({ pool: options, clock, hello: members }: RigOptions = {}): Promise<Rig> {
  const pool = serverPool(options, clock && { clock });
  await pool.start();
  const peers: RawPeer[] = [];
  return {
    pool,
    async nextPeer() {
      const { link, hello } = await dialNpws2(pool.address.port);
      const peer = new RawPeer(link, hello, hello.id as string);
      const index = peers.push(peer) - 1;
      await peer.say(helloText(members?.(index)));
      return synced(peer);
    },
    async [Symbol.asyncDispose]() {
      const closed = pool.close({ drainMs: 0 });
      for (const { link } of peers) link.destroy();
      await closed;
    },
  };
}

/** Waits until the pool has admitted the link, which is when it answers pings. */
async function synced(peer: RawPeer): Promise<RawPeer> {
  await peer.sync();
  return peer;
}

import type { ClientPoolOptions, Pool, ServerPoolOptions } from "@npws/pool";
import type { Clock } from "../../src/time/clock.ts";
import { runtimeName } from "../harness.ts";
import { dialNpws2, greetWith, type HelloMembers, helloText, RawPeer, readHello } from "./npws2_raw.ts";
import { serverPool, transports } from "./pools.ts";
import { openClientRig } from "./rigs.ts";

/** A pool of this module, and npws/2 peers of it that the test holds itself. */
export interface Rig extends AsyncDisposable {
  readonly pool: Pool;
  /** The next link, idle at the pool. */
  nextPeer(): Promise<RawPeer>;
}

/** One of the roles in which a pool can stand. */
export interface Role {
  readonly name: string;
  readonly side: "client" | "server";
  open(options?: RigOptions): Promise<Rig>;
  /** How the role says a close code of the protocol: Deno's global WebSocket takes only codes of applications. */
  closeCode(code: number): number;
  /** How the role's peer sees that it was dropped: Deno's own WebSockets can only ask for a close, which tells no code. */
  readonly dropCode: number;
}

interface RigOptions {
  pool?: Partial<ClientPoolOptions & ServerPoolOptions>;
  clock?: Clock;
  /** What the hello of a peer says that is not the default; the first peer has the index 0. */
  hello?: (index: number) => HelloMembers;
  /** How many dials of a client pool are answered; the others wait. @default Infinity */
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

/** A pool of each role, on each socket that it can have. */
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

/** The pool answers pings when it has taken the link in. */
async function synced(peer: RawPeer): Promise<RawPeer> {
  await peer.sync();
  return peer;
}

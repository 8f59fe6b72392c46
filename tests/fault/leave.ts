import { delay } from "@std/async/delay";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { RUNTIMES_OWN_SOCKETS } from "../census.ts";
import type { RemoteActor } from "../remote_actor.ts";
import { within } from "./within.ts";

/** How long the system may take to close sockets, and a process to exit, in milliseconds. */
const SETTLE_MS = 1_000;
const LEAVE_MS = 5_000;

/** What a process must report once its pools are closed. */
interface Leaver {
  /** How many sockets are open. */
  sockets(): number;
  /** How many clients may have left in the middle of their upgrade: those whose links never opened. */
  leftInUpgrade(): number;
}

/**
 * Lets a process whose pools are closed exit on its own. Rejects if something keeps it running, a socket or a timer, or if it
 * fails.
 *
 * @param socketsBefore How many sockets it had open before it had a pool.
 */
export async function leave<Actor extends Leaver>(
  process: RemoteActor<Actor>,
  runtime: RuntimeName,
  socketsBefore: number,
): Promise<void> {
  const leaver = process as unknown as RemoteActor<Leaver>;
  const strays = await settledSockets(leaver, socketsBefore + RUNTIMES_OWN_SOCKETS);
  if (strays > await leaver.call("leftInUpgrade")) throw new Error(`Cannot go on: ${runtime} keeps ${strays} sockets`);
  // Deno never frees the socket of a client that left before its upgrade was answered, and that socket keeps the process
  // running.
  if (runtime === "deno" && strays > 0) return;
  const code = await within(LEAVE_MS, `nothing keeps ${runtime} running`, process.leave());
  if (code !== 0) throw new Error(`Cannot go on: ${runtime} ended with exit code ${code}`);
}

/** How many more sockets than `others` are open, once those being closed have had time to close. */
async function settledSockets(process: RemoteActor<Leaver>, others: number): Promise<number> {
  for (const until = performance.now() + SETTLE_MS;; await delay(10)) {
    const strays = await process.call("sockets") - others;
    if (strays <= 0 || performance.now() > until) return Math.max(0, strays);
  }
}

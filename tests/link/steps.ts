import type { TakeKind } from "../../src/link/take.ts";
import { HALF_WINDOW_BYTES } from "./fake_link_host.ts";
import { LinkRig } from "./link_rig.ts";

/** Something that the test's application, pool or peer does. */
export type Step = (rig: LinkRig) => void | Promise<void>;

// The pool.
export const take = (kind: TakeKind): Step => (rig) => rig.take(kind);
export const takeEarly = (kind: TakeKind): Step => (rig) => rig.take(kind, { early: true });
export const fetch: Step = (rig) => rig.fetch();
export const expire: Step = (rig) => rig.expire();
export const leave: Step = (rig) => rig.callerLeaves();

// The application.
export const write = (bytes: number): Step => (rig) => {
  rig.application!.write(new Uint8Array(bytes))?.catch(ignoreBroken);
  return rig.turn();
};
export const fin: Step = (rig) => void rig.application!.end()?.catch(ignoreBroken);
export const reset: Step = (rig) => rig.application!.reset(1, "");
export const stop: Step = (rig) => rig.application!.cancel(1, "");
export const read: Step = (rig) => void rig.application!.read();

// The peer.
export const peer = (...texts: string[]): Step => (rig) => rig.receive(...texts);
export const peerTakes = (kind: TakeKind): Step => (rig) => rig.reserve(kind);
export const peerData: Step = (rig) => rig.receiveData(HALF_WINDOW_BYTES);
export const peerIdle: Step = (rig) => rig.receiveIdle();

/** The application holds a stream that its own take got. */
export const hold: readonly Step[] = [take("take"), peer("ok")];

/** A client's link after these steps. */
export async function rigAfter(...steps: Step[]): Promise<LinkRig> {
  const rig = new LinkRig("client");
  for (const step of steps) await step(rig);
  return rig;
}

/** Whatever breaks a waiting write is reported to the observer too. */
function ignoreBroken(): void {}

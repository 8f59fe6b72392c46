// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** A fast reader drains within a few turns of the event loop; a timer would cost it up to half of the throughput. */
const IMMEDIATE_LOOKS = 8;

/** A look every 32 ms costs next to nothing, and the peer of a socket that got here is slow. */
const LONGEST_PAUSE_MS = 32;

/**
 * Looks again and again whether a socket drained, for the sockets that have no event for it: in a few immediate turns of the
 * event loop first, then after pauses that double. `drained` returns whether there is no more to wait for.
 */
export function watchDrain(drained: () => boolean): void {
  let looks = 0;
  const look = () => {
    if (drained()) return;
    looks++;
    if (looks <= IMMEDIATE_LOOKS) setImmediate(look);
    else setTimeout(look, Math.min(2 ** (looks - IMMEDIATE_LOOKS - 1), LONGEST_PAUSE_MS));
  };
  setImmediate(look);
}

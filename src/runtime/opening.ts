import { UPGRADE_TIMEOUT_MS } from "./limits.ts";
import type { Socket } from "./socket.ts";

/** The wait from the answer to an upgrade request until the socket is open. Ends once; later calls have no effect. */
export class Opening {
  /** Never causes an unhandled rejection. */
  readonly socket: Promise<Socket>;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param expired Called if the socket did not open in time. */
  constructor(expired: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    promise.catch(() => {});
    this.socket = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => {
      reject(new Error(`not open within ${UPGRADE_TIMEOUT_MS} ms after the upgrade was answered`));
      expired();
    }, UPGRADE_TIMEOUT_MS);
  }

  succeed(socket: Socket): void {
    clearTimeout(this.#timer);
    this.#resolve(socket);
  }

  fail(): void {
    clearTimeout(this.#timer);
    this.#reject(new Error("client went away before the socket was open"));
  }
}

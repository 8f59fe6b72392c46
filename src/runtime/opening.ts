import { UPGRADE_TIMEOUT_MS } from "./limits.ts";
import type { UpgradeEnd } from "./runtime.ts";
import type { Socket } from "./socket.ts";

/** The wait from the answer to an upgrade request until the socket is open. Ends once; later calls have no effect. */
export class Opening {
  readonly #timer: ReturnType<typeof setTimeout>;
  #end: UpgradeEnd | undefined;

  /** @param expired Called if the socket did not open in time. */
  constructor(end: UpgradeEnd, expired: () => void) {
    this.#end = end;
    this.#timer = setTimeout(() => {
      this.#over()?.failed(new Error(`not open within ${UPGRADE_TIMEOUT_MS} ms after the upgrade was answered`));
      expired();
    }, UPGRADE_TIMEOUT_MS);
  }

  succeed(socket: Socket): void {
    this.#over()?.opened(socket);
  }

  fail(): void {
    this.#over()?.failed(new Error("client went away before the socket was open"));
  }

  #over(): UpgradeEnd | undefined {
    const end = this.#end;
    this.#end = undefined;
    clearTimeout(this.#timer);
    return end;
  }
}

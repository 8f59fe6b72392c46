import { UPGRADE_TIMEOUT_MS } from "./limits.ts";
import type { UpgradeEnd } from "./runtime.ts";
import type { Socket } from "./socket.ts";

/** The wait until an upgraded socket is open. Ends once; later calls have no effect. */
export class Opening {
  #end: UpgradeEnd | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(end: UpgradeEnd) {
    this.#end = end;
  }

  /** The upgrade was answered: unless the wait is over, it ends in time. `expired` is called if the socket does not open. */
  limit(expired: () => void): void {
    if (!this.#end) return;
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

import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { RemoteActor } from "../remote_actor.ts";
import type { PoolActor } from "./npws2_actor.ts";

/** A pool in a separate process. Disposing it kills the process. */
export class RemotePool extends RemoteActor<PoolActor> {
  constructor(runtime: RuntimeName) {
    super(runtime, new URL("./npws2_peer.ts", import.meta.url));
  }
}

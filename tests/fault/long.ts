import process from "node:process";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { runtimeName } from "../harness.ts";

/** Whether the tests take the time that `deno task fault --long` gives them. */
export const isLong = process.env.NPWS_FAULT_LONG === "1";

/** The runtimes of the process whose peer runs on the runtime of the tests. */
export const peerRuntimes: readonly RuntimeName[] = ["deno", "bun"];

/** The same for tests that take long: the one that the tests do not run on, or both where there is time. */
export const fewerPeerRuntimes: readonly RuntimeName[] = isLong
  ? peerRuntimes
  : peerRuntimes.filter((runtime) => runtime !== runtimeName);

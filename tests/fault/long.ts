import process from "node:process";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { runtimeName } from "../harness.ts";

/** Whether the tests may take the time that `deno task fault --long` gives them. */
export const isLong = process.env.NPWS_FAULT_LONG === "1";

/** The runtimes of one process of a pair; its peer runs on the tests' own runtime. */
export const peerRuntimes: readonly RuntimeName[] = ["deno", "bun"];

/** The same for slow tests: only the other runtime, or both if there is time. */
export const fewerPeerRuntimes: readonly RuntimeName[] = isLong
  ? peerRuntimes
  : peerRuntimes.filter((runtime) => runtime !== runtimeName);

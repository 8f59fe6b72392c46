import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { LinkRig } from "./link_rig.ts";
import { type Row, rows } from "./rows.ts";

/** Something that this side does, and when it can. */
interface Act {
  readonly what: string;
  /** Whether it can happen in this row; elsewhere the pool and the application never do it. */
  isPossible(row: Row, rig: LinkRig): boolean;
  run(rig: LinkRig): void;
}

const inStream = (row: Row) => row.state.includes("/");
const isHeld = (_row: Row, rig: LinkRig) => rig.application !== undefined;
const isReserved = (_row: Row, rig: LinkRig) => rig.holder === "pool" && rig.stream !== undefined;

/** Acts of the pool and the application. What the link sends in response is its own decision. */
const acts: readonly Act[] = [
  { what: "take", isPossible: ({ state }) => state === "idle", run: (rig) => rig.take("take") },
  { what: "early open", isPossible: ({ state }) => state === "idle", run: (rig) => rig.take("open", { early: true }) },
  { what: "write", isPossible: isHeld, run: (rig) => ignoreBroken(rig.application!.write(new Uint8Array(20_000))) },
  { what: "fin", isPossible: isHeld, run: (rig) => ignoreBroken(rig.application!.end()) },
  { what: "reset", isPossible: isHeld, run: (rig) => rig.application!.reset(1, "why") },
  { what: "stop", isPossible: isHeld, run: (rig) => rig.application!.cancel(1, "why") },
  { what: "read", isPossible: isHeld, run: (rig) => void rig.application!.read() },
  { what: "fetch", isPossible: isReserved, run: (rig) => rig.fetch() },
  { what: "the fetch time", isPossible: isReserved, run: (rig) => rig.expire() },
  {
    what: "the end of the pool",
    isPossible: inStream,
    run(rig) {
      rig.holder = "nobody";
      rig.link.abort(new Error("the pool closes"));
    },
  },
  {
    what: "retirement",
    isPossible: ({ state }) => ["idle", "taking", "done"].includes(state),
    run: (rig) => rig.link.close(1000, "retired"),
  },
  { what: "a sweep", isPossible: () => true, run: (rig) => rig.link.sweep(rig.host.clock.now() + 30_000) },
  { what: "demand", isPossible: (_row, { role }) => role === "server", run: (rig) => rig.link.want(3) },
];

const peers = (["client", "server"] as const).flatMap((role) => [false, true].map((bundles) => ({ role, bundles })));

for (const { role, bundles } of peers) {
  const how = bundles ? ", in bundles" : "";
  test(`a link of the ${role} sends in each row nothing but what may be sent there${how}`, async () => {
    for (const row of rows) {
      for (const first of acts) {
        for (const second of acts) {
          const rig = new LinkRig(role, undefined, { bundles });
          for (const step of row.steps) await step(rig);
          if (first.isPossible(row, rig)) first.run(rig);
          if (second.isPossible({ ...row, state: rig.row }, rig)) second.run(rig);
          rig.receive("credit 9000"); // whatever waits may follow
          await rig.turn();
          assertEquals(rig.conduct.faults, [], `${first.what}, then ${second.what} in ${row.state} (${row.how})`);
        }
      }
    }
  });
}

function ignoreBroken(waiting: Promise<void> | undefined): void {
  waiting?.catch(() => {});
}

import { assertEquals } from "@std/assert";
import type { Role } from "../../src/link/metered_link.ts";
import { test } from "../harness.ts";
import { LinkRig } from "./link_rig.ts";
import {
  fin,
  hold,
  leave,
  peer,
  peerData,
  peerIdle,
  peerTakes,
  read,
  reset,
  type Step,
  stop,
  take,
  takeEarly,
  write,
} from "./steps.ts";

/** A row of the table "Crossings that look wrong and are legal", replayed on a new link. */
interface Crossing {
  readonly arrives: string;
  readonly role?: Role;
  readonly steps: readonly Step[];
  /** The link's row afterwards. */
  readonly after: string;
}

const queueFills: Step = (rig) => void (rig.host.hasRoom = false);
const close: Step = (rig) => rig.link.close(1000, "retired");
const lose: Step = (rig) => rig.socket.end(1000);

const crossings: readonly Crossing[] = [
  { arrives: "take behind the own take", role: "client", steps: [take("take"), peer("take")], after: "open/open" },
  { arrives: "open behind the own open", role: "client", steps: [take("open"), peer("open")], after: "open/open" },
  {
    arrives: "take of the client behind the own",
    role: "server",
    steps: [take("take"), peer("take")],
    after: "taking",
  },
  {
    arrives: "open of the client behind the own",
    role: "server",
    steps: [take("open"), peer("open")],
    after: "taking",
  },
  {
    arrives: "the answer behind the client's void take",
    role: "server",
    steps: [take("take"), peer("open", "ok")],
    after: "open/open",
  },
  {
    arrives: "no behind the client's void take",
    role: "server",
    steps: [take("open"), peer("take", "no")],
    after: "idle",
  },
  {
    arrives: "early data and fin behind an open that got our no",
    steps: [queueFills, peer("open"), peerData, peer("fin")],
    after: "idle",
  },
  {
    arrives: "early data and fin behind an open that got our no, in taking",
    steps: [queueFills, peer("open"), take("open"), peerData, peer("fin", "ok")],
    after: "open/open",
  },
  {
    arrives: "early data and fin behind the client's void take",
    role: "server",
    steps: [take("take"), peer("take"), peerData, peer("fin", "ok")],
    after: "open/open",
  },
  {
    arrives: "credit for early data that the peer discarded",
    steps: [takeEarly("open"), write(100), peer("no", "credit 3000"), take("take"), peer("credit 4000", "ok")],
    after: "open/open",
  },
  { arrives: "ok when the caller has gone", steps: [take("take"), leave, peer("ok")], after: "ended/open" },
  { arrives: "no when the caller has gone", steps: [take("open"), leave, peer("no")], after: "idle" },
  { arrives: "ok behind the own close", steps: [take("take"), close, peer("ok")], after: "closing" },
  { arrives: "no behind the own close", steps: [take("open"), close, peer("no")], after: "closing" },
  {
    arrives: "take, data and ends behind the own close",
    steps: [close, peer("take"), peerData, peer("fin", "stop 0")],
    after: "closing",
  },
  { arrives: "idle behind the own close", steps: [...hold, peer("fin"), fin, close, peerIdle], after: "closing" },
  { arrives: "data and fin after the own stop", steps: [...hold, stop, peerData, peer("fin")], after: "open/ended" },
  { arrives: "reset after the own stop", steps: [...hold, stop, peer("reset 1")], after: "open/ended" },
  { arrives: "stop that crossed the own fin", steps: [...hold, fin, peer("stop 1")], after: "ended/open" },
  { arrives: "stop that crossed the own reset", steps: [...hold, reset, peer("stop 1")], after: "ended/open" },
  {
    arrives: "stop that crossed the own fin, unread bytes here",
    steps: [...hold, peerData, peer("fin"), fin, peer("stop 1")],
    after: "ended/ended",
  },
  { arrives: "stop that crossed the own idle", steps: [...hold, peer("fin"), fin, peer("stop 1")], after: "done" },
  {
    arrives: "credit while the peer reads on after the own fin",
    steps: [...hold, write(2_000), fin, peer("credit 3000")],
    after: "ended/open",
  },
  {
    arrives: "credit behind the own idle",
    steps: [...hold, write(2_000), fin, peer("fin", "credit 4000")],
    after: "done",
  },
  {
    arrives: "reset that answers stop, after the own fin",
    steps: [...hold, fin, stop, peer("reset 1"), peerIdle],
    after: "idle",
  },
  { arrives: "the peer's fetch time", steps: [...hold, peer("stop 2 never fetched", "reset 2")], after: "done" },
  {
    arrives: "the peer's fetch time, the other way round",
    steps: [...hold, peer("reset 2 never fetched", "stop 2")],
    after: "done",
  },
  { arrives: "a stream handed back", steps: [peerTakes("take"), peer("reset 0", "stop 0")], after: "done" },
  {
    arrives: "a stream handed back after early data and fin",
    steps: [peerTakes("open"), peerData, peer("fin", "stop 0")],
    after: "done",
  },
  { arrives: "close in taking", steps: [take("take"), lose], after: "closed" },
  { arrives: "close under a stream", steps: [...hold, peerData, peer("fin"), lose, read], after: "closed" },
];

for (const { arrives, role, steps, after } of crossings) {
  for (const side of role ? [role] : ["client", "server"] as const) {
    test(`a link of the ${side} lives with ${arrives}`, async () => {
      const rig = new LinkRig(side);
      for (const step of steps) await step(rig);
      assertEquals(rig.row, after);
      const closes = rig.socket.sent.filter((message) => message.startsWith("close") && message !== "close 1000");
      assertEquals(closes, []);
      assertEquals(rig.conduct.faults, []);
    });
  }
}

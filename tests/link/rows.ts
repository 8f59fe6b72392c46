import {
  expire,
  fetch,
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

/** One way into a row of the state table. */
export interface Row {
  /** The row's name in the table. */
  readonly state: string;
  /** What distinguishes this way. */
  readonly how: string;
  readonly steps: readonly Step[];
  /** Bytes that the application has written beyond the peer's credit. */
  readonly waiting?: number;
  /** Whether its `fin` waits behind them. */
  readonly waitsWithFin?: boolean;
}

const heldUnread = [...hold, peerData, peer("fin"), fin];
const reservedUnread = [peerTakes("open"), peerData, peer("fin", "stop 1")];
/** A thousand bytes more than the peer's first window. */
const writeTooMuch = write(3_000);

/** Every row, reached in each of the ways that matter. */
export const rows: readonly Row[] = [
  { state: "idle", how: "new", steps: [] },
  { state: "idle", how: "again after a stream", steps: [...heldUnread, read, peerIdle] },

  { state: "taking", how: "by take", steps: [take("take")] },
  { state: "taking", how: "by open", steps: [take("open")] },
  { state: "taking", how: "by an early take with data", steps: [takeEarly("take"), write(100)] },
  { state: "taking", how: "by an early open, nothing written", steps: [takeEarly("open")] },
  { state: "taking", how: "by an early open with data and fin", steps: [takeEarly("open"), write(100), fin] },
  {
    state: "taking",
    how: "by an early open whose data waits for credit",
    steps: [takeEarly("open"), writeTooMuch],
    waiting: 1_000,
  },
  {
    state: "taking",
    how: "by an early open whose data and fin wait for credit",
    steps: [takeEarly("open"), writeTooMuch, fin],
    waiting: 1_000,
    waitsWithFin: true,
  },
  {
    state: "taking",
    how: "by an early open that was reset and stopped since",
    steps: [takeEarly("open"), write(100), reset, stop],
  },
  { state: "taking", how: "by take, the caller gone", steps: [take("take"), leave] },
  { state: "taking", how: "by open, the caller gone", steps: [take("open"), leave] },
  {
    state: "taking",
    how: "by an early take with data, the caller gone",
    steps: [takeEarly("take"), write(100), leave],
  },
  {
    state: "taking",
    how: "by an early open with data and fin, the caller gone",
    steps: [takeEarly("open"), write(100), fin, leave],
  },

  { state: "open/open", how: "held after ok", steps: hold },
  { state: "open/open", how: "held after an early start", steps: [takeEarly("open"), write(100), peer("ok")] },
  { state: "open/open", how: "held, fetched", steps: [peerTakes("take"), fetch] },
  { state: "open/open", how: "held, unread", steps: [...hold, peerData] },
  { state: "open/open", how: "held, stopped", steps: [...hold, stop] },
  { state: "open/open", how: "held, with data that waits for credit", steps: [...hold, writeTooMuch], waiting: 1_000 },
  {
    state: "open/open",
    how: "held, with data and fin that wait for credit",
    steps: [...hold, writeTooMuch, fin],
    waiting: 1_000,
    waitsWithFin: true,
  },
  {
    state: "open/open",
    how: "held, with early data that waits for credit",
    steps: [takeEarly("open"), writeTooMuch, peer("ok")],
    waiting: 1_000,
  },
  {
    state: "open/open",
    how: "held, with early data and fin that wait for credit",
    steps: [takeEarly("open"), writeTooMuch, fin, peer("ok")],
    waiting: 1_000,
    waitsWithFin: true,
  },
  { state: "open/open", how: "reserved by take", steps: [peerTakes("take")] },
  { state: "open/open", how: "reserved by open, unread", steps: [peerTakes("open"), peerData] },

  { state: "ended/open", how: "held, after fin", steps: [...hold, fin] },
  { state: "ended/open", how: "held, after an early fin", steps: [takeEarly("open"), write(100), fin, peer("ok")] },
  { state: "ended/open", how: "held, after fin, unread", steps: [...hold, peerData, fin] },
  { state: "ended/open", how: "held, after reset", steps: [...hold, reset] },
  { state: "ended/open", how: "held, after fin and stop", steps: [...hold, fin, stop] },
  { state: "ended/open", how: "reserved, after an answered stop", steps: [peerTakes("open"), peer("stop 1")] },
  { state: "ended/open", how: "handed back", steps: [take("take"), leave, peer("ok")] },
  {
    state: "ended/open",
    how: "handed back after an early fin",
    steps: [takeEarly("open"), write(100), fin, leave, peer("ok")],
  },
  { state: "ended/open", how: "given up at the fetch time", steps: [peerTakes("take"), peerData, expire] },

  { state: "open/ended", how: "held, after fin", steps: [...hold, peer("fin")] },
  { state: "open/ended", how: "held, after fin, unread", steps: [...hold, peerData, peer("fin")] },
  { state: "open/ended", how: "held, after reset", steps: [...hold, peer("reset 1")] },
  {
    state: "open/ended",
    how: "held, with data and fin that wait for credit",
    steps: [...hold, writeTooMuch, fin, peer("fin")],
    waiting: 1_000,
    waitsWithFin: true,
  },
  {
    state: "open/ended",
    how: "held, with early data and fin that wait for credit",
    steps: [takeEarly("open"), writeTooMuch, fin, peer("ok", "fin")],
    waiting: 1_000,
    waitsWithFin: true,
  },
  { state: "open/ended", how: "reserved, after fin, unread", steps: [peerTakes("take"), peerData, peer("fin")] },
  { state: "open/ended", how: "reserved, after reset", steps: [peerTakes("open"), peer("reset 1")] },

  { state: "ended/ended", how: "held, unread", steps: heldUnread },
  { state: "ended/ended", how: "reserved, unread", steps: reservedUnread },

  { state: "ended/ended+idle", how: "held, unread", steps: [...heldUnread, peerIdle] },
  { state: "ended/ended+idle", how: "reserved, unread", steps: [...reservedUnread, peerIdle] },

  { state: "done", how: "after two fins", steps: [...hold, peer("fin"), fin] },
  { state: "done", how: "after a stream that was handed back", steps: [peerTakes("take"), peer("reset 0", "stop 0")] },

  { state: "closing", how: "from idle", steps: [(rig) => rig.link.close(1000, "flushed")] },
  { state: "closing", how: "after a violation", steps: [peer("nonsense")] },
  {
    state: "closing",
    how: "under a stream",
    steps: [...hold, peer("fin"), (rig) => rig.link.abort(new Error("the pool closes"))],
  },
];

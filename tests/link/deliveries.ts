import { MAX_DATA_BYTES } from "../../src/link/control.ts";
import { formatHello } from "../../src/link/hello.ts";
import { HALF_WINDOW_BYTES } from "./fake_link_host.ts";
import type { PeerEnd } from "./peer_end.ts";

/** Something that arrives from the peer, with the details of it that the cells of the state table depend on. */
export interface Delivery {
  /** Its column in the table. */
  readonly column: string;
  /** Which of the column's messages it is. */
  readonly what: string;
  /** Of `take` and `open`. */
  readonly kind?: "take" | "open";
  readonly queueIsFull?: boolean;
  /** Of data. */
  readonly length?: number;
  readonly isOverCredit?: boolean;
  /** Of `reset`, `stop` and the close. */
  readonly code?: number;
  /** Of `credit`, `want`, `ping` and `pong`. */
  readonly count?: number;
  deliver(peer: PeerEnd): void;
}

const text = (message: string) => (peer: PeerEnd) => peer.receive(message);
const data = (length: number) => (peer: PeerEnd) => peer.receiveData(length);
const hello = formatHello({ id: "0000000c", window: 4_096, pool: "ffeeddccbbaa9988" });

/** Each message that the peer can send, in every variant that makes a difference. */
export const deliveries: readonly Delivery[] = [
  { column: "data", what: "data within the credit", length: HALF_WINDOW_BYTES, deliver: data(HALF_WINDOW_BYTES) },
  { column: "data", what: "data over the credit", isOverCredit: true, deliver: data(MAX_DATA_BYTES) },
  { column: "take", what: "take", kind: "take", deliver: text("take") },
  { column: "open", what: "open", kind: "open", deliver: text("open AQID") },
  {
    column: "open",
    what: "open, the accept queue full",
    kind: "open",
    queueIsFull: true,
    deliver(peer) {
      peer.host.hasRoom = false;
      peer.receive("open");
    },
  },
  { column: "ok", what: "ok", deliver: text("ok") },
  { column: "no", what: "no", deliver: text("no") },
  { column: "credit", what: "credit", count: 9_000, deliver: text("credit 9000") },
  { column: "fin", what: "fin", deliver: text("fin") },
  { column: "reset", what: "reset 1", code: 1, deliver: text("reset 1 broken") },
  { column: "stop", what: "stop 1", code: 1, deliver: text("stop 1 enough") },
  { column: "stop", what: "stop 0", code: 0, deliver: text("stop 0") },
  { column: "idle", what: "idle", deliver: (peer) => peer.receiveIdle() },
  { column: "want", what: "want", count: 3, deliver: text("want 3") },
  { column: "ping", what: "ping", count: 7, deliver: text("ping 7") },
  { column: "pong", what: "pong", count: 7, deliver: text("pong 7") },
  { column: "hello", what: "hello", deliver: text(hello) },
  { column: "close", what: "close 1000", code: 1000, deliver: (peer) => peer.socket.end(1000) },
  { column: "close", what: "close 1001", code: 1001, deliver: (peer) => peer.socket.end(1001) },
  { column: "close", what: "the loss of the socket", code: 1006, deliver: (peer) => peer.socket.end(1006) },
];

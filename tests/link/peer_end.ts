import type { LinkLimits } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { FakeLinkHost, NEXT_ID } from "./fake_link_host.ts";
import { RecordingSocket } from "./recording_socket.ts";

/** The other end of one side's socket, and the fake pool of that side. */
export class PeerEnd {
  /** The side under test; the peer has the other role. */
  readonly role: Role;
  readonly host: FakeLinkHost;
  readonly socket = new RecordingSocket();
  /** Bytes of data that the peer has sent. */
  received = 0;

  constructor(role: Role, limits?: Partial<LinkLimits>) {
    this.role = role;
    this.host = new FakeLinkHost(limits);
  }

  /** The peer sends texts. */
  receive(...texts: string[]): void {
    for (const text of texts) this.socket.receive(text);
  }

  /** The peer sends one message of data. */
  receiveData(length: number): void {
    this.received += length;
    this.socket.receive(new Uint8Array(length).fill(0x2a));
  }

  /** The peer is done with the stream; only a server names the next one. */
  receiveIdle(): void {
    this.receive(this.role === "client" ? `idle ${NEXT_ID}` : "idle");
  }

  /** Takes out what was sent since the last call. */
  takeSent(): string[] {
    return this.socket.sent.splice(0);
  }

  /** Takes out what was told since the last call to the pool, and through it to the take and the application. */
  takeTold(): string[] {
    return this.host.told.splice(0);
  }
}

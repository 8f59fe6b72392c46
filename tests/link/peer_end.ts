import type { LinkLimits } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { bundleOf, MAX_BUNDLE_BYTES } from "./bundle_bytes.ts";
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
    this.host = new FakeLinkHost(role, limits);
  }

  /** The peer sends texts. */
  receive(...texts: string[]): void {
    for (const text of texts) this.socket.receive(text);
  }

  /** The peer sends one message of data. */
  receiveData(length: number): void {
    const isBundled = this.socket.takesBundles && length <= MAX_BUNDLE_BYTES;
    if (isBundled) return this.receiveBundle(length);
    this.received += length;
    this.socket.receive(dataOf(length));
  }

  /** The peer sends texts, and data where there are numbers, in one bundle. */
  receiveBundle(...messages: (string | number)[]): void {
    for (const message of messages) if (typeof message === "number") this.received += message;
    this.socket.receive(
      bundleOf(...messages.map((message) => typeof message === "number" ? dataOf(message) : message)),
    );
  }

  /** The peer is done with the stream. Only a server names the next id. */
  receiveIdle(): void {
    this.receive(this.role === "client" ? `idle ${NEXT_ID}` : "idle");
  }

  /** Removes and returns what was sent since the last call. */
  takeSent(): string[] {
    return this.socket.sent.splice(0);
  }

  /** Removes and returns the messages that were sent since the last call, bundles unpacked. */
  takeMessages(): string[] {
    return this.takeSent().flatMap((sent) => /^\[(.*)\]$/.exec(sent)?.[1].split(", ") ?? [sent]);
  }

  /** Removes and returns what was reported since the last call: to the pool, and through it to the take and the application. */
  takeTold(): string[] {
    return this.host.told.splice(0);
  }
}

function dataOf(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(0x2a);
}

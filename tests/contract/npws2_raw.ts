import { assertEquals } from "@std/assert";
import type { Pool, PoolConnection } from "@npws/pool";
import type { Message } from "../../src/runtime/socket.ts";
import { bundleOf, messagesIn } from "../link/bundle_bytes.ts";
import { type Opening, requestUpgrade } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";
import { concat, Opcode } from "../websocket_frames.ts";

/** The members of a test's hello besides `npws` and `id`; any of them may be wrong. */
export interface HelloMembers {
  window?: number;
  pool?: string;
  name?: string;
  bundles?: unknown;
}

/** The pool id of raw peers, unless they send another one. */
export const POOL_ID = "00112233445566ff";

/** The window of a raw peer, unless it sends another one. */
export const WINDOW_BYTES = 262_144;

/** The peer's end of an npws/2 link after the hellos. The test decides what it sends and when it reads. */
export class RawPeer {
  readonly link: RawLink;
  /** The content of the pool's hello. */
  readonly hello: Record<string, unknown>;
  /** The link's present id; the test updates it when the link is reused. */
  id: string;

  constructor(link: RawLink, hello: Record<string, unknown>, id: string) {
    this.link = link;
    this.hello = hello;
    this.id = id;
  }

  /** Sends control messages, all in one write. */
  say(...texts: string[]): Promise<void> {
    return this.link.write(concat(...texts.map((text) => this.link.frame(Opcode.text, text))));
  }

  /** Sends data. */
  send(data: Uint8Array | string): Promise<void> {
    return this.link.send(data);
  }

  /** Sends messages in one bundle. */
  sayTogether(...messages: Message[]): Promise<void> {
    return this.link.send(bundleOf(...messages));
  }

  /** The messages in the next bundle. */
  async hearTogether(): Promise<Message[]> {
    const { messages, isWhole } = messagesIn(await this.link.readMessage());
    assertEquals(isWhole, true, "a bundle was expected");
    return messages;
  }

  /** The next message, which must be a control message. */
  async hear(): Promise<string> {
    return textOf(await this.link.readFrame());
  }

  /** The next messages, which must be these control messages. */
  async expect(...texts: string[]): Promise<void> {
    for (const text of texts) assertEquals(await this.hear(), text);
  }

  /** Waits until the pool has processed everything that was sent. Nothing else may have arrived from it since. */
  async sync(): Promise<void> {
    await this.say("ping 77");
    await this.expect("pong 77");
  }

  /** The code of the close frame, which must be the next frame. */
  async hearClose(): Promise<number> {
    const frame = await this.link.readFrame();
    assertEquals(frame?.opcode, Opcode.close, "a close frame was expected");
    return frame!.payload[0] << 8 | frame!.payload[1];
  }
}

/** Has the pool take the peer's link, and confirms it. */
export async function takeLink(pool: Pool, peer: RawPeer): Promise<PoolConnection> {
  const got = pool.outgoingGet(peer.id);
  await peer.expect("take");
  await peer.say("ok");
  return got;
}

/** Receives the `idle` of a pool on this side and sends the peer's own, so that the link is idle under another id. */
export async function finishStream(side: "client" | "server", peer: RawPeer): Promise<void> {
  const [, id] = /^idle(?: ([0-9a-f]{8}))?$/.exec(await peer.hear()) ?? [];
  peer.id = id ?? crypto.randomUUID().slice(0, 8);
  await peer.say(side === "server" ? "idle" : `idle ${peer.id}`);
  await peer.sync();
}

/** The text of a hello. */
export function helloText(members: HelloMembers & { id?: string } = {}): string {
  const { window = WINDOW_BYTES, pool = POOL_ID, ...more } = members;
  return JSON.stringify({ npws: 2, window, pool, ...more });
}

/** Sends a server's greeting: the response to the upgrade and the hello, in one write. */
export function greetWith(opening: Opening, hello: Uint8Array | string): Promise<void> {
  const { link, accept } = opening;
  const opcode = typeof hello === "string" ? Opcode.text : Opcode.binary;
  return link.write(concat(accept, link.frame(opcode, hello)));
}

/** Dials a server pool for an npws/2 link, and reads its hello. */
export async function dialNpws2(port: number): Promise<{ link: RawLink; hello: Record<string, unknown> }> {
  const { status, link } = await requestUpgrade(port, { path: "/?npws=2" });
  assertEquals(status, 101);
  return { link, hello: await readHello(link) };
}

/** Reads the pool's hello. */
export async function readHello(link: RawLink): Promise<Record<string, unknown>> {
  return JSON.parse(textOf(await link.readFrame()));
}

function textOf(frame: Awaited<ReturnType<RawLink["readFrame"]>>): string {
  assertEquals([frame?.opcode, frame?.isFinal], [Opcode.text, true], "a text message was expected");
  return new TextDecoder().decode(frame!.payload);
}

import { parseControl } from "../../src/link/control.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { MAX_BUNDLE_BYTES, messagesIn } from "../link/bundle_bytes.ts";

/** The member of a hello that says that bundles are taken. */
const MEMBER = ',"bundles":true';

/** What crosses the network, with bundles or without: then the offer of the servers never arrives, as at a client of older times. */
export class Crossing {
  readonly hasBundles: boolean;
  /** Bundles with a control message in them; data alone does not show that it is in a bundle. */
  bundles = 0;
  /** Control messages that crossed by themselves. */
  controls = 0;

  constructor(hasBundles: boolean) {
    this.hasBundles = hasBundles;
  }

  /** Tells of a message, and returns what becomes of it. */
  readonly passes = (message: Message): Message => {
    if (typeof message === "string") return this.#passesText(message);
    if (message.byteLength <= MAX_BUNDLE_BYTES && isBundle(message)) this.bundles++;
    return message;
  };

  #passesText(text: string): string {
    if (parseControl(text)) this.controls++;
    return this.hasBundles ? text : text.replace(MEMBER, "");
  }
}

function isBundle(message: Uint8Array): boolean {
  const { messages, isWhole } = messagesIn(message);
  return isWhole && messages.some((message) => typeof message === "string" && parseControl(message));
}

import { parseControl } from "../../src/link/control.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { MAX_BUNDLE_BYTES, messagesIn } from "../link/bundle_bytes.ts";

/** The member of a hello that offers or accepts bundles. */
const MEMBER = ',"bundles":true';

/** Observes the network. Without bundles, it removes the servers' offer of them, as if the clients were older versions. */
export class Crossing {
  readonly hasBundles: boolean;
  /** Bundles that contain a control message; data alone does not show whether it is in a bundle. */
  bundles = 0;
  /** Control messages that were sent on their own. */
  controls = 0;

  constructor(hasBundles: boolean) {
    this.hasBundles = hasBundles;
  }

  /** Counts a message, and returns what is delivered for it. */
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

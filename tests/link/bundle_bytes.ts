import type { Message } from "../../src/runtime/socket.ts";
import { concat } from "../websocket_frames.ts";

/** The maximum size of a bundle, and of the data in one, in bytes. */
export const MAX_BUNDLE_BYTES = 16_383;
export const MAX_BUNDLED_BYTES = 16_381;

/** An independent bundle encoder. It checks nothing: the result may be too long or contain what no bundle may. */
export function bundleOf(...messages: Message[]): Uint8Array<ArrayBuffer> {
  return concat(...messages.flatMap((message) => {
    const isText = typeof message === "string";
    const bytes = isText ? new TextEncoder().encode(message) : message;
    const header = new Uint8Array(2);
    new DataView(header.buffer).setUint16(0, bytes.length + (isText ? 32_768 : 0));
    return [header, bytes];
  }));
}

/** An independent bundle decoder. It stops at the first malformed part. */
export function messagesIn(bundle: Uint8Array): { messages: Message[]; isWhole: boolean } {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const messages: Message[] = [];
  let at = 0;
  while (at < bundle.length) {
    const header = at + 2 <= bundle.length ? view.getUint16(at) : 0;
    const end = at + 2 + header % 32_768;
    if (end === at + 2 || end > bundle.length) return { messages, isWhole: false };
    const bytes = bundle.slice(at + 2, end);
    const text = header >= 32_768 ? textOf(bytes) : undefined;
    if (header >= 32_768 && text === undefined) return { messages, isWhole: false };
    messages.push(text ?? bytes);
    at = end;
  }
  return { messages, isWhole: true };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

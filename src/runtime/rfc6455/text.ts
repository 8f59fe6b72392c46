import { Buffer } from "node:buffer";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What stands in decoded text for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/** Text for a peer, in UTF-8. A Buffer does it in half of the time of a TextEncoder, for its memory is a part of a larger one. */
export function encodedText(text: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(text);
}

/**
 * Text of a peer (RFC 6455 section 8.1), a byte order mark with it; undefined where it is not UTF-8. A Buffer does short text in
 * a quarter of the time of a TextDecoder, but replaces what is wrong.
 */
export function decodedText(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return text.includes(REPLACEMENT) ? strictlyDecoded(bytes) : text;
}

function strictlyDecoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

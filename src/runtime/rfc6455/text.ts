import { Buffer } from "node:buffer";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What decoded text contains in place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/** Text for a peer, in UTF-8. A Buffer takes half the time of a TextEncoder, because its memory is part of a larger block. */
export function encodedText(text: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(text);
}

/**
 * Text from a peer (RFC 6455 section 8.1), including a byte order mark; undefined if it is not UTF-8. A Buffer decodes short
 * text in a quarter of the time of a TextDecoder, but replaces invalid bytes.
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

import type { Message } from "../runtime/socket.ts";
import { returnBuffer, withRoom } from "./gather_buffers.ts";

/**
 * The longest bundle, in bytes. Where both hellos have `bundles`, a binary message of at most this length is a bundle; a longer
 * one is stream data, so that long messages are copied on neither side.
 */
export const MAX_BUNDLE_BYTES = 16_383;

/**
 * Each message of a bundle is preceded by two bytes, big-endian: the highest bit marks a text message, the others hold its
 * length in bytes.
 */
const HEADER_BYTES = 2;
const TEXT_BIT = 0x8000;

/** The most UTF-8 bytes that one UTF-16 code unit takes. */
const MAX_UTF8_BYTES = 3;

/** The longest data message that is sent in a bundle, in bytes. */
export const MAX_BUNDLED_BYTES = MAX_BUNDLE_BYTES - HEADER_BYTES;

/**
 * Messages that are sent as one: a single frame, system call and event at the peer for everything that a link sends in one turn
 * of the event loop. A bundle means nothing but its messages, one after the other.
 */
export class Bundle {
  /** A text that is the only message so far: it is sent as it is. */
  #text: string | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;

  /**
   * Appends a copy of a message. Returns false if it does not fit: what will be sent is unchanged, and nothing more may be
   * added.
   */
  add(message: Uint8Array | string): boolean {
    if (typeof message === "string" && this.#text === undefined && !this.#buffer) {
      this.#text = message;
      return true;
    }
    if (this.#text !== undefined) this.#append(this.#text);
    if (!this.#append(message)) return false;
    this.#text = undefined;
    return true;
  }

  /** What is sent: a lone text as it is, everything else as a bundle. Valid until `release`. */
  get message(): Uint8Array | string {
    return this.#text ?? this.#buffer!.subarray(0, this.#used);
  }

  /** Returns the buffer once the message has been sent. */
  release(): void {
    if (this.#buffer) returnBuffer(this.#buffer);
    this.#buffer = undefined;
  }

  #append(message: Uint8Array | string): boolean {
    const isText = typeof message === "string";
    const start = this.#used + HEADER_BYTES;
    const end = start + (isText ? MAX_UTF8_BYTES * message.length : message.byteLength);
    const buffer = this.#buffer = withRoom(this.#buffer, this.#used, Math.min(end, MAX_BUNDLE_BYTES));
    const length = isText ? writeText(message, buffer, start) : writeData(message, buffer, start);
    if (length === undefined) return false;
    const header = isText ? TEXT_BIT | length : length;
    buffer[this.#used] = header >> 8;
    buffer[this.#used + 1] = header & 0xff;
    this.#used = start + length;
    return true;
  }
}

/**
 * The messages of a bundle, followed by `undefined` if the rest of it is malformed. Data that makes up most of the bundle,
 * header included, stays in the bundle's memory, the rest of which nobody uses then; other data is copied out.
 */
export function readBundle(bundle: Uint8Array<ArrayBuffer>): (Message | undefined)[] {
  const messages: (Message | undefined)[] = [];
  for (let at = 0; at < bundle.byteLength;) {
    const start = at + HEADER_BYTES;
    const header = start < bundle.byteLength ? bundle[at]! << 8 | bundle[at + 1]! : 0;
    const end = at = start + (header & ~TEXT_BIT);
    if (end === start || end > bundle.byteLength) return [...messages, undefined];
    const message = header & TEXT_BIT ? readText(bundle, start, end) : readData(bundle, start, end);
    messages.push(message);
    if (message === undefined) return messages;
  }
  return messages;
}

function readData(bundle: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array<ArrayBuffer> {
  const isMost = 2 * (HEADER_BYTES + end - start) > bundle.byteLength;
  return isMost ? bundle.subarray(start, end) : bundle.slice(start, end);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The first code unit beyond ASCII: below it, UTF-8 has the same bytes. */
const NO_ASCII = 0x80;

/**
 * Texts longer than this are left to the runtime's decoder; for shorter ones, as most control messages are, the call alone
 * would cost more.
 */
const SHORT_BYTES = 64;

/** Writes data and returns its length; undefined if it does not fit. */
function writeData(data: Uint8Array, bundle: Uint8Array, start: number): number | undefined {
  if (start + data.byteLength > MAX_BUNDLE_BYTES) return undefined;
  bundle.set(data, start);
  return data.byteLength;
}

/** Writes a text as UTF-8 and returns its length in bytes; undefined if it does not fit. */
function writeText(text: string, bundle: Uint8Array, start: number): number | undefined {
  if (start + text.length > MAX_BUNDLE_BYTES) return undefined;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= NO_ASCII) return encodeText(text, bundle.subarray(start, MAX_BUNDLE_BYTES));
    bundle[start + i] = unit;
  }
  return text.length;
}

function encodeText(text: string, target: Uint8Array): number | undefined {
  const { read, written } = encoder.encodeInto(text, target);
  return read === text.length ? written : undefined;
}

/** Decodes UTF-8; undefined if the bytes are malformed. */
function readText(bundle: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > SHORT_BYTES) return decodeText(bundle.subarray(start, end));
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bundle[i]!;
    if (byte >= NO_ASCII) return decodeText(bundle.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // not UTF-8
  }
}

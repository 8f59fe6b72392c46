/** The longest control message and hello, in bytes of UTF-8 (docs/wire.md section 2.2). */
export const MAX_CONTROL_BYTES = 4_096;

/** The longest message of stream data, in bytes (docs/wire.md section 2.2). */
export const MAX_DATA_BYTES = 65_536;

/**
 * The longest message that a socket should let arrive, in bytes: a peer that leaves one unfinished ties up this much memory. It
 * is more than MAX_DATA_BYTES so that the link itself handles a message that is only slightly too long, like any other
 * violation.
 */
export const MAX_UNFINISHED_BYTES = 2 * MAX_DATA_BYTES;

/** The most metadata that `open` carries, in bytes. */
export const MAX_METADATA_BYTES = 2_048;

/** The longest reason that is sent; it fits into a control message whatever its characters are. */
const MAX_REASON_LENGTH = 1_024;

/** A control message of npws/2, docs/wire.md section 2.2. */
export type Control =
  | { readonly verb: "take" | "ok" | "no" | "fin" }
  | { readonly verb: "open"; readonly metadata: string }
  | { readonly verb: "credit" | "want" | "ping" | "pong"; readonly count: number }
  | { readonly verb: "reset" | "stop"; readonly code: number; readonly reason: string }
  | { readonly verb: "idle"; readonly id: string | undefined };

/** Parses a control message; undefined if the text is not one. */
export function parseControl(text: string): Control | undefined {
  if (text.length > MAX_CONTROL_BYTES || byteLength(text) > MAX_CONTROL_BYTES) return undefined;
  const space = text.indexOf(" ");
  const verb = space < 0 ? text : text.slice(0, space);
  const rest = space < 0 ? undefined : text.slice(space + 1);
  switch (verb) {
    case "take":
    case "ok":
    case "no":
    case "fin":
      return rest === undefined ? { verb } : undefined;
    case "credit":
    case "want":
    case "ping":
    case "pong":
      return parseCounted(verb, rest);
    case "open":
      return parseOpen(rest);
    case "reset":
    case "stop":
      return parseEnd(verb, rest);
    case "idle":
      return rest === undefined || /^[0-9a-f]{8}$/.test(rest) ? { verb, id: rest } : undefined;
    default:
      return undefined;
  }
}

/** Formats `open`, with its encoded metadata. */
export function formatOpen(metadata: string): string {
  return metadata === "" ? "open" : `open ${metadata}`;
}

/**
 * Encodes metadata for `open` as base64url. It stays a string until the peer's application asks for it: on Deno, memory of its
 * own for these few bytes would take longer than sending them.
 */
export function encodeMetadata(metadata: Uint8Array): string {
  // A subclass may have a method of its own.
  return Uint8Array.prototype.toBase64.call(metadata, { alphabet: "base64url", omitPadding: true });
}

/** Decodes the metadata of an `open`, into memory of its own. */
export function decodeMetadata(metadata: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(metadata, { alphabet: "base64url", lastChunkHandling: "loose" });
}

/** Formats `reset` or `stop`; a reason that is too long is truncated and ends with an ellipsis. */
export function formatEnd(verb: "reset" | "stop", code: number, reason: string): string {
  if (!reason) return `${verb} ${code}`;
  // A lone surrogate has no UTF-8 encoding.
  const text = reason.length > MAX_REASON_LENGTH ? `${reason.slice(0, MAX_REASON_LENGTH - 1)}…` : reason;
  return `${verb} ${code} ${text.toWellFormed()}`;
}

function parseCounted(verb: "credit" | "want" | "ping" | "pong", rest: string | undefined): Control | undefined {
  const count = parseCount(rest);
  return count === undefined ? undefined : { verb, count };
}

function parseOpen(rest: string | undefined): Control | undefined {
  if (rest === undefined) return { verb: "open", metadata: "" };
  if (!/^[A-Za-z0-9_-]+$/.test(rest) || rest.length % 4 === 1) return undefined; // 4 characters stand for 3 bytes
  return Math.floor(rest.length * 3 / 4) > MAX_METADATA_BYTES ? undefined : { verb: "open", metadata: rest };
}

function parseEnd(verb: "reset" | "stop", rest: string | undefined): Control | undefined {
  const match = /^([0-3])(?: (.*))?$/s.exec(rest ?? "");
  return match ? { verb, code: Number(match[1]), reason: match[2] ?? "" } : undefined;
}

/** A decimal number from 0 to 2^53 - 1. */
function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const count = Number(text);
  return count <= Number.MAX_SAFE_INTEGER ? count : undefined;
}

/** The length in UTF-8 bytes, or only in code units if the text is within bounds whatever its characters. */
function byteLength(text: string): number {
  return text.length * 3 <= MAX_CONTROL_BYTES ? text.length : new TextEncoder().encode(text).byteLength;
}

/** Opcodes from RFC 6455 section 5.2. */
export const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** One frame as it is on the wire, except for its mask. */
export interface Frame {
  opcode: number;
  payload: Uint8Array;
  isFinal: boolean;
  isMasked: boolean;
}

/** Encodes one frame. */
export function encodeFrame({ opcode, payload, isFinal, isMasked }: Frame): Uint8Array {
  const length = lengthField(payload.length);
  const key = isMasked ? crypto.getRandomValues(new Uint8Array(4)) : new Uint8Array();
  length[0] |= isMasked ? 0x80 : 0;
  const body = isMasked ? masked(payload, key) : payload;
  return concat(Uint8Array.of((isFinal ? 0x80 : 0) | opcode), length, key, body);
}

/** Decodes the frame at the start of the bytes, with the number of bytes that it takes; undefined if it is incomplete. */
export function decodeFrame(bytes: Uint8Array): { frame: Frame; byteLength: number } | undefined {
  if (bytes.length < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isMasked = (bytes[1] & 0x80) !== 0;
  const shortLength = bytes[1] & 0x7f;
  const lengthBytes = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
  const start = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const length = lengthBytes === 2 ? view.getUint16(2) : lengthBytes === 8 ? Number(view.getBigUint64(2)) : shortLength;
  if (bytes.length < start + length) return undefined;
  const body = bytes.subarray(start, start + length);
  const payload = isMasked ? masked(body, bytes.subarray(start - 4, start)) : body.slice();
  const frame = { opcode: bytes[0] & 0x0f, payload, isFinal: (bytes[0] & 0x80) !== 0, isMasked };
  return { frame, byteLength: start + length };
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ""): Uint8Array {
  return concat(Uint8Array.of(code >> 8, code & 0xff), new TextEncoder().encode(reason));
}

/** Concatenates the byte arrays. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function lengthField(length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(length);
  if (length < 65_536) return Uint8Array.of(126, length >> 8, length & 0xff);
  const field = new Uint8Array(9);
  field[0] = 127;
  new DataView(field.buffer).setBigUint64(1, BigInt(length));
  return field;
}

function masked(payload: Uint8Array, key: Uint8Array): Uint8Array {
  const result = payload.slice();
  for (let index = 0; index < result.length; index++) result[index] ^= key[index & 3];
  return result;
}

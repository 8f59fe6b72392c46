import type { Message } from "../socket.ts";
import { CloseCode } from "./close_code.ts";
import { type Closing, closingCode } from "./close_payload.ts";
import {
  FINAL,
  LENGTH_IN_2_BYTES,
  LENGTH_IN_8_BYTES,
  MASKED,
  MAX_CONTROL_PAYLOAD_BYTES,
  Opcode,
} from "./frame_format.ts";
import { joined, MessageBuffer } from "./message_buffer.ts";
import { decodedText } from "./text.ts";

/** Receives the content of a server's frames. */
export interface FrameHandler {
  /** A whole message, a binary one in memory of its own. */
  onMessage(message: Message): void;
  onPing(payload: Uint8Array): void;
  /** The peer's close frame: the last call. */
  onClosing(closing: Closing): void;
  /** The peer broke the protocol: the last call. The code is for the close frame (RFC 6455 section 7.4.1). */
  onViolation(code: number): void;
}

const RESERVED_BITS = 0x70;
const OPCODE_BITS = 0x0f;
/** Set in the opcodes of control frames. */
const CONTROL = 0x8;
const LENGTH_BITS = 0x7f;

/**
 * How many frames in one chunk may carry nothing for the application. A peer that sends more is wasting this side's time:
 * 32,768 fit into a chunk of 64 KiB.
 */
const MAX_IDLE_FRAMES = 512;

const NO_BYTES = new Uint8Array();

/** No frame has begun: a head comes next. */
const NO_FRAME = -1;

/** Reads the frames that a server sends (RFC 6455 section 5): no extensions, no mask. Keeps nothing between two messages. */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** A longer message is a violation. */
  maxMessageBytes: number;
  /** The beginning of a head that is still incomplete. */
  #partialHead = NO_BYTES;
  /** The first byte of the frame whose payload comes next. */
  #frame = NO_FRAME;
  /** How many bytes of its payload are still to come. */
  #left = 0;
  /** The opcode of a message whose last frame has not begun; else 0. */
  #unfinished = 0;
  /** What has arrived of a message, and of a control frame, which may come between two frames of the message. */
  #message: MessageBuffer | undefined;
  #control: MessageBuffer | undefined;
  #isOver = false;
  /** Control frames and empty frames in the current chunk. */
  #idleFrames = 0;

  constructor(handler: FrameHandler, maxMessageBytes: number) {
    this.#handler = handler;
    this.maxMessageBytes = maxMessageBytes;
  }

  /** Reads the next chunk, and calls the handler for everything that it completes. Keeps none of the chunk's memory. */
  read({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): void {
    const chunk = new Uint8Array(buffer, byteOffset, byteLength); // a Buffer's subarrays are slower; its slice() does not copy
    const bytes = this.#partialHead === NO_BYTES ? chunk : joined([this.#partialHead, chunk]);
    this.#partialHead = NO_BYTES;
    this.#idleFrames = 0;
    for (let at = 0; !this.#isOver;) {
      if (this.#frame === NO_FRAME) {
        const headBytes = this.#readHead(bytes, at);
        if (headBytes === 0) return this.#keepHead(bytes.subarray(at));
        at += headBytes;
        if (this.#isOver) return;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.byteLength;
      this.#left -= part.byteLength;
      this.#readPart(part);
      if (this.#left > 0) return;
    }
  }

  #keepHead(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.byteLength > 0) this.#partialHead = bytes.slice();
  }

  /** Reads a frame's head and returns its length; 0 if it is incomplete. */
  #readHead(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    const given = bytes.byteLength - at;
    if (given < 2) return 0;
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const short = second & LENGTH_BITS;
    const headBytes = short === LENGTH_IN_2_BYTES ? 4 : short === LENGTH_IN_8_BYTES ? 10 : 2;
    if (!this.#allows(first, second)) this.#violated(CloseCode.protocolError);
    else if (given < headBytes) return 0;
    else this.#begin(first, headBytes === 2 ? short : numberIn(bytes, at + 2, at + headBytes));
    return headBytes;
  }

  #begin(frame: number, byteLength: number): void {
    const isMessage = (frame & CONTROL) === 0;
    if (isMessage && byteLength + (this.#message?.byteLength ?? 0) > this.maxMessageBytes) {
      return this.#violated(CloseCode.messageTooBig);
    }
    if ((!isMessage || byteLength === 0) && ++this.#idleFrames > MAX_IDLE_FRAMES) {
      return this.#violated(CloseCode.policyViolation);
    }
    this.#frame = frame;
    this.#left = byteLength;
  }

  /** Whether a frame that begins with these two bytes may come now. */
  #allows(first: number, second: number): boolean {
    if ((first & RESERVED_BITS) !== 0 || (second & MASKED) !== 0) return false;
    switch (first & OPCODE_BITS) {
      case Opcode.text:
      case Opcode.binary:
        return this.#unfinished === 0;
      case Opcode.continuation:
        return this.#unfinished !== 0;
      case Opcode.close:
      case Opcode.ping:
      case Opcode.pong:
        return (first & FINAL) !== 0 && (second & LENGTH_BITS) <= MAX_CONTROL_PAYLOAD_BYTES;
      default:
        return false;
    }
  }

  /** Takes a part of a payload: all of it, or what the chunk has of it. */
  #readPart(part: Uint8Array<ArrayBuffer>): void {
    const frame = this.#frame;
    if (this.#left === 0) this.#frame = NO_FRAME;
    if ((frame & CONTROL) !== 0) this.#readControlPart(frame & OPCODE_BITS, part);
    else this.#readMessagePart((frame & OPCODE_BITS) || this.#unfinished, (frame & FINAL) !== 0, part);
  }

  #readControlPart(opcode: number, part: Uint8Array<ArrayBuffer>): void {
    if (this.#left > 0 || this.#control) {
      (this.#control ??= new MessageBuffer()).append(part, MAX_CONTROL_PAYLOAD_BYTES);
    }
    if (this.#left > 0) return;
    const payload = this.#control?.take() ?? part;
    this.#control = undefined;
    if (opcode === Opcode.ping) this.#handler.onPing(payload);
    else if (opcode === Opcode.close) this.#readClosing(payload);
  }

  #readMessagePart(opcode: number, isLastFrame: boolean, part: Uint8Array<ArrayBuffer>): void {
    if (isLastFrame && this.#left === 0 && !this.#message) {
      this.#unfinished = 0;
      return this.#deliver(opcode, opcode === Opcode.text ? part : part.slice());
    }
    this.#message ??= new MessageBuffer();
    this.#message.append(part, isLastFrame ? part.byteLength + this.#left : Infinity);
    if (this.#left > 0) return;
    this.#unfinished = isLastFrame ? 0 : opcode;
    if (!isLastFrame) return;
    const whole = this.#message.take();
    this.#message = undefined;
    this.#deliver(opcode, whole);
  }

  #deliver(opcode: number, message: Uint8Array<ArrayBuffer>): void {
    if (opcode === Opcode.binary) return this.#handler.onMessage(message);
    const text = decodedText(message);
    if (text === undefined) this.#violated(CloseCode.invalidData);
    else this.#handler.onMessage(text);
  }

  #readClosing(payload: Uint8Array<ArrayBuffer>): void {
    const code = closingCode(payload);
    if (code === undefined) return this.#violated(CloseCode.protocolError);
    const reason = decodedText(payload.subarray(2));
    if (reason === undefined) return this.#violated(CloseCode.invalidData);
    this.#isOver = true;
    this.#handler.onClosing({ code, reason });
  }

  #violated(code: number): void {
    this.#isOver = true;
    this.#handler.onViolation(code);
  }
}

/** The number between two positions, in network byte order. Beyond 2⁵³ it is inexact, and far too big anyway. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 256 + bytes[at]!;
  return number;
}

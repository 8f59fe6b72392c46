/** Kinds of frames (RFC 6455 section 5.2). */
export const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Set beside the opcode: this frame is the last one of its message. */
export const FINAL = 0x80;

/** Set beside the payload length, or beside the value that announces an extended length: the payload is masked. */
export const MASKED = 0x80;

export const LENGTH_IN_2_BYTES = 126;
export const LENGTH_IN_8_BYTES = 127;

/** The longest payload of a control frame (RFC 6455 section 5.5). */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;

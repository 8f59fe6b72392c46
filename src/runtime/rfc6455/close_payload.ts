import { CloseCode } from "./close_code.ts";
import { encodedText } from "./text.ts";

/** Codes that no close frame carries, or that have no meaning yet (RFC 6455 section 7.4). */
const NEVER_SENT: readonly number[] = [1004, CloseCode.noCode, CloseCode.abnormal];

/** The content of a close frame. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** The payload of a close frame (RFC 6455 section 5.5.1): code and reason, or nothing if there is no code. */
export function closePayload({ code, reason }: Closing): Uint8Array<ArrayBuffer> {
  if (code === CloseCode.noCode) return new Uint8Array();
  const text = encodedText(reason);
  const payload = new Uint8Array(2 + text.byteLength);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}

/** The code in a close frame's payload; undefined if a peer must not send it. */
export function closingCode(payload: Uint8Array): number | undefined {
  if (payload.byteLength === 0) return CloseCode.noCode;
  const code = payload.byteLength === 1 ? 0 : payload[0]! << 8 | payload[1]!;
  return isSent(code) ? code : undefined;
}

/** Whether a code is a registered one of the protocol, or one for libraries and applications. */
function isSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && !NEVER_SENT.includes(code)) || (code >= 3000 && code <= 4999);
}

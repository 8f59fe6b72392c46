/** WebSocket close codes (RFC 6455 section 7.4.1). */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Stands for a close frame without a code. */
  noCode: 1005,
  /** Stands for a close without a close frame. */
  abnormal: 1006,
  invalidData: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
} as const;

/** Whether a side closes with this code because its peer broke the rules. */
export function isViolation(code: number): boolean {
  return code === CloseCode.protocolError || code === CloseCode.unsupportedData || code === CloseCode.policyViolation;
}

/** Whether a close code means a graceful close, not a failure. */
export function isOrderly(code: number): boolean {
  return code === CloseCode.normal || code === CloseCode.goingAway;
}

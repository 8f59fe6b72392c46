/** How long a connection waits for a stream through the tunnel, in milliseconds. */
export const OPEN_TIMEOUT_MS = 10_000;

/** How long connecting to a target may take, in milliseconds; a second more at most. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** What both pools have in common. */
export const POOL_OPTIONS = {
  /** Together with `heartbeatTimeoutMs`: how soon each side notices that the other has silently disappeared. */
  keepAliveMs: 10_000,
  heartbeatTimeoutMs: 5_000,
  /** The most that the protocol allows: enough for a stream of 400 MB/s at a round trip of 40 ms. */
  maxWindowBytes: 16 * 1_048_576,
} as const;

/** How long a connection waits for a stream through the tunnel, in milliseconds. */
export const OPEN_TIMEOUT_MS = 10_000;

/** How long connecting to a target may take, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How soon each side notices that the other one is lost without a word: after both together, in milliseconds. */
export const LIVENESS = { keepAliveMs: 10_000, heartbeatTimeoutMs: 5_000 } as const;

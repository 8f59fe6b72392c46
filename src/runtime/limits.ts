/** A longer message closes the socket, where the runtime lets the limit be set. The protocols send 64 KiB at most. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/**
 * `send` signals backpressure when this many bytes are buffered. More is no faster, and each link with a slow reader holds as
 * much.
 */
export const HIGH_WATER_BYTES = 512 * 1024;

/** The handler may continue once no more than this is buffered. */
export const LOW_WATER_BYTES = 128 * 1024;

/** How long an answered upgrade may take to become an open socket. */
export const UPGRADE_TIMEOUT_MS = 10_000;

/** How long a peer that closed may take to end the TCP connection, before the close is reported and the connection dropped. */
export const END_TIMEOUT_MS = 1_000;

import { encodeMetadata, MAX_METADATA_BYTES } from "../link/control.ts";
import { type OptionNames, OptionReader } from "./option_reader.ts";
import { readPeerName } from "./peer_name.ts";

/**
 * Options of a call that waits for a connection.
 *
 * @example
 * ```ts
 * import type { GetOptions } from "@npws/pool";
 *
 * const options: GetOptions = { timeoutMs: 5_000, signal: AbortSignal.timeout(60_000) };
 * console.log(options.timeoutMs);
 * ```
 */
export interface GetOptions {
  /**
   * How many milliseconds to wait: Infinity waits forever, and 0 takes only what needs no round trip. On npws/2 that is a stream
   * that the peer has already opened or taken or, with `early`, an idle link; the confirmation of another comes in time at most
   * by chance.
   *
   * @default the pool's `getTimeoutMs`
   */
  timeoutMs?: number;
  /**
   * Ends the call, which rejects with the signal's own reason. With `early` the signal applies until `opened` has resolved: if
   * it aborts after the application got the stream, the stream breaks with the reason.
   */
  signal?: AbortSignal;
  /**
   * npws/2: resolves as soon as an idle link is taken, before the peer has confirmed it (0-RTT). Up to 64 KiB and the end of
   * the stream may be written at once; they reach the peer's application at most once. No effect on npws/1, where every get is
   * early, and on `accept`.
   *
   * @default false
   */
  early?: boolean;
}

/** What a get was asked for, checked and complete. */
export interface GetSettings {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly early: boolean;
  readonly peer: string | undefined;
  /** Encoded, as it is sent; the application may reuse its own buffer while the call waits. */
  readonly metadata: string;
}

type AnyGetOptions = GetOptions & { peer?: string; metadata?: Uint8Array };
type LoopOptions = { signal?: AbortSignal; peer?: string };

const GET_NAMES: OptionNames<GetOptions> = { timeoutMs: true, signal: true, early: true };

/** The names of the options of each call. */
export const CALL_OPTION_NAMES = {
  incomingGet: { ...GET_NAMES, peer: true },
  outgoingGet: GET_NAMES,
  open: { ...GET_NAMES, peer: true, metadata: true },
  accept: GET_NAMES,
  incoming: { signal: true, peer: true },
  accepted: { signal: true },
  start: { signal: true },
  close: { drainMs: true },
} as const;

/** Most calls pass no options, and reading an empty object would cost as much as reading real options. */
const NO_GET_OPTIONS = { signal: undefined, early: false, peer: undefined, metadata: "" } as const;

/**
 * Checks the options of a get.
 *
 * @throws {TypeError} A wrong type, or an option that this call does not take.
 * @throws {RangeError} A number out of range, or more than 2,048 bytes of metadata.
 */
export function getSettings(
  call: "incomingGet" | "outgoingGet" | "open" | "accept",
  options: AnyGetOptions | undefined,
  defaults: { readonly getTimeoutMs: number },
): GetSettings {
  if (options === undefined) return { ...NO_GET_OPTIONS, timeoutMs: defaults.getTimeoutMs };
  const reader = callReader(call, options);
  return Object.freeze({
    timeoutMs: reader.durationMs("timeoutMs", { min: 0, orInfinity: true, default: defaults.getTimeoutMs }),
    signal: reader.signal("signal"),
    early: reader.boolean("early"),
    peer: readPeerName(reader, "peer"),
    metadata: readMetadata(reader),
  });
}

/** Checks the options of a loop, or of `start`, which takes only the signal. */
export function loopSettings(
  call: "incoming" | "accepted" | "start",
  options: LoopOptions | undefined,
): { readonly signal: AbortSignal | undefined; readonly peer: string | undefined } {
  const reader = callReader(call, options);
  return Object.freeze({ signal: reader.signal("signal"), peer: readPeerName(reader, "peer") });
}

/** Checks the options of `close`. */
export function closeSettings(options: { drainMs?: number } | undefined): { readonly drainMs: number } {
  return Object.freeze({ drainMs: callReader("close", options).durationMs("drainMs", { min: 0, default: 5_000 }) });
}

function callReader(call: keyof typeof CALL_OPTION_NAMES, options: unknown): OptionReader {
  return new OptionReader(`call ${call}()`, options === undefined ? {} : options, CALL_OPTION_NAMES[call]);
}

function readMetadata(reader: OptionReader): string {
  const value = reader.value("metadata");
  if (value === undefined) return "";
  if (!(value instanceof Uint8Array)) throw reader.wrongSecret("metadata", "a Uint8Array");
  if (value.length <= MAX_METADATA_BYTES) return encodeMetadata(value);
  throw new RangeError(reader.message(`metadata must be at most ${MAX_METADATA_BYTES} bytes, got ${value.length}`));
}

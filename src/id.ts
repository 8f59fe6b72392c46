import { describe } from "./describe.ts";

/** The id of the first link in a server pool's life. */
export const FIRST_ID = "00000000";

const ID_BYTES = 4;

/**
 * Reads a link id: 8 hex digits in any case, returned in lower case.
 *
 * @throws {TypeError} The text is anything else.
 */
export function parseId(text: string): string {
  if (typeof text !== "string" || !/^[0-9a-f]{8}$/i.test(text)) {
    throw new TypeError(`Cannot read link id: must be 8 hex digits, got ${describe(text)}`);
  }
  return text.toLowerCase();
}

/** Formats the 4 bytes of an npws/1 first message as an id. */
export function formatId(bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) {
    throw new RangeError(`Cannot format link id: must be ${ID_BYTES} bytes, got ${bytes.length}`);
  }
  return bytes.toHex();
}

/** The 4 bytes of an id, as npws/1 sends them. */
export function idBytes(id: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(parseId(id));
}

/** Reused for each random id: on Deno, allocating a new one takes longer than the random source. */
const randomBytes = new Uint8Array(ID_BYTES);

/** An id from the cryptographic random source. */
export function randomId(): string {
  return formatId(crypto.getRandomValues(randomBytes));
}

/** The ids of one server pool: "00000000" first, then random ones, all different at any one time. */
export class IdSpace {
  /** "00000000" is never removed, so that only the very first link has it. */
  readonly #inUse = new Set<string>();
  readonly #random: () => string;

  constructor(random: () => string = randomId) {
    this.#random = random;
  }

  /** An id that no link has. It stays reserved until `release`. */
  allocate(): string {
    let id = FIRST_ID;
    while (this.#inUse.has(id)) id = this.#random();
    this.#inUse.add(id);
    return id;
  }

  /** Frees an id once its link is closed or has another id. Freeing it twice is harmless. */
  release(id: string): void {
    if (id !== FIRST_ID) this.#inUse.delete(id);
  }
}

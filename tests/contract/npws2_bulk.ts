import type { PoolConnection } from "@npws/pool";
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { Dice } from "../random/dice.ts";
import { bytes, readText } from "./streams.ts";

/** What is to be written. */
export interface FillPlan {
  byteLength: number;
  /** Determines the bytes, the sizes of the writes and the pauses. */
  seed: number;
}

/** How it is to be read. */
export interface ReadPlan {
  /** Determines the readers, the sizes of their buffers and the pauses. */
  seed: number;
}

const KIB = 1_024;
const LONGEST_BYTES = 200 * KIB;

/** One step in this many is followed by a pause. */
const STEPS_PER_PAUSE = 50;

/** All writes are slices of this block, at offsets that the seed determines. */
const block = randomBlock();

/** Writes 1 B to 200 KiB at a time, with pauses, and ends the direction. Resolves with the SHA-256 of all. */
export async function fill({ writable }: Pick<PoolConnection, "writable">, plan: FillPlan): Promise<string> {
  const { byteLength, seed } = plan;
  const random = randomFrom(seed);
  const hash = createHash("sha256");
  const writer = writable.getWriter();
  for (let left = byteLength; left > 0;) {
    const start = random(block.length - LONGEST_BYTES);
    const chunk = block.subarray(start, start + Math.min(left, randomSize(random)));
    hash.update(chunk);
    await writer.write(chunk);
    left -= chunk.length;
    await pauseNowAndThen(random);
  }
  await writer.close();
  return hash.digest("hex");
}

/** Reads to the end, with a default reader or into buffers of 1 B to 200 KiB, with pauses. Resolves with the SHA-256 of all. */
export async function readInPieces(
  { readable }: Pick<PoolConnection, "readable">,
  { seed }: ReadPlan,
): Promise<string> {
  const random = randomFrom(seed);
  const hash = createHash("sha256");
  for (let isOver = false; !isOver;) {
    const reads = 1 + random(STEPS_PER_PAUSE);
    isOver = random(2) === 0 ? await readWhole(readable, reads, hash) : await readInto(readable, reads, hash, random);
    await pauseNowAndThen(random);
  }
  return hash.digest("hex");
}

/** Writes a text, ends the direction, and checks that the peer sends the same back and ends too. */
export async function exchange(connection: PoolConnection, text: string): Promise<void> {
  const writer = connection.writable.getWriter();
  writer.write(bytes(text)).catch(() => {}); // the close reports it too
  const [answer] = await Promise.all([readText(connection), writer.close()]);
  assertEquals(answer, text);
}

/** Writes 64 KiB at a time for as long as it can. */
export class Flood {
  /** How much flow control has accepted. */
  acceptedBytes = 0;
  /** Resolves with what ended it. */
  readonly ended: Promise<unknown>;

  constructor({ writable }: Pick<PoolConnection, "writable">) {
    this.ended = this.#write(writable.getWriter()).catch((error) => error);
  }

  async #write(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
    const chunk = block.subarray(0, 64 * KIB);
    for (;;) {
      await writer.write(chunk);
      this.acceptedBytes += chunk.length;
    }
  }
}

type Random = (below: number) => number;
type Hash = ReturnType<typeof createHash>;
type Readable = PoolConnection["readable"];

/** Resolves with true at the end. */
async function readWhole(readable: Readable, reads: number, hash: Hash): Promise<boolean> {
  const reader = readable.getReader();
  try {
    while (reads-- > 0) {
      const { value, done } = await reader.read();
      if (done) return true;
      hash.update(value);
    }
    return false;
  } finally {
    reader.releaseLock();
  }
}

/** Resolves with true at the end. */
async function readInto(readable: Readable, reads: number, hash: Hash, random: Random): Promise<boolean> {
  const reader = readable.getReader({ mode: "byob" });
  try {
    while (reads-- > 0) {
      const { value, done } = await reader.read(new Uint8Array(randomSize(random)));
      if (done) return true;
      hash.update(value);
    }
    return false;
  } finally {
    reader.releaseLock();
  }
}

/** A random size, which is often very small, like a byte, a header or a line. */
function randomSize(random: Random): number {
  return 1 + random(random(4) === 0 ? 64 : LONGEST_BYTES);
}

function pauseNowAndThen(random: Random): Promise<void> | undefined {
  if (random(STEPS_PER_PAUSE) > 0) return undefined;
  return new Promise((resolve) => setTimeout(resolve, random(3)));
}

function randomBlock(): Uint8Array {
  const random = randomFrom(7);
  return Uint8Array.from({ length: 4 * LONGEST_BYTES }, () => random(256));
}

/** Integers from 0 up to, but not including, a bound; reproducible from the seed. */
function randomFrom(seed: number): Random {
  const dice = new Dice(seed);
  return (below) => dice.between(0, below - 1);
}

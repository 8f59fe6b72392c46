import { createHash, randomBytes } from "node:crypto";
import type { PoolConnection } from "@npws/pool";
import { readExactly } from "../contract/streams.ts";

const CHUNK_BYTES = 65_536;

/** Writes `count` random bytes, and returns their SHA-256. */
export async function send({ writable }: PoolConnection, count: number): Promise<string> {
  const hash = createHash("sha256");
  const writer = writable.getWriter();
  try {
    for (let left = count; left > 0; left -= CHUNK_BYTES) {
      const chunk = randomBytes(Math.min(left, CHUNK_BYTES));
      hash.update(chunk);
      await writer.write(chunk);
    }
  } finally {
    writer.releaseLock();
  }
  return hash.digest("hex");
}

/** Reads `count` bytes, and returns their SHA-256. */
export async function receive(connection: PoolConnection, count: number): Promise<string> {
  const hash = createHash("sha256");
  for (let left = count; left > 0; left -= CHUNK_BYTES) {
    hash.update(await readExactly(connection, Math.min(left, CHUNK_BYTES)));
  }
  return hash.digest("hex");
}

/** Reads one line, without its line break. */
export async function hear(connection: PoolConnection): Promise<string> {
  let line = "";
  for (;;) {
    const character = new TextDecoder().decode(await readExactly(connection, 1));
    if (character === "\n") return line;
    line += character;
  }
}

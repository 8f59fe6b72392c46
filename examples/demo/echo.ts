import { createHash } from "node:crypto";
import type { PoolConnection } from "@npws/pool";

/** Sends everything back that arrives, and then ends. Resolves with the SHA-256 of what arrived, as hex digits. */
export async function echo({ readable, writable }: Pick<PoolConnection, "readable" | "writable">): Promise<string> {
  const hash = createHash("sha256");
  const writer = writable.getWriter();
  for await (const chunk of readable) {
    hash.update(chunk);
    // It resolves when flow control took the bytes: from a client that does not read, nothing more is read.
    await writer.write(chunk);
  }
  await writer.close();
  return hash.digest("hex");
}

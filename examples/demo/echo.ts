import { createHash } from "node:crypto";
import type { PoolConnection } from "@npws/pool";

/** Sends back what arrives, until the peer closes. Resolves with the SHA-256 of what arrived, as hex digits. */
export async function echo({ readable, writable }: Pick<PoolConnection, "readable" | "writable">): Promise<string> {
  const hash = createHash("sha256");
  const writer = writable.getWriter();
  for await (const chunk of readable) {
    hash.update(chunk);
    // It resolves when flow control took the bytes: a client that does not read is not read from.
    await writer.write(chunk);
  }
  return hash.digest("hex");
}

import type { PoolConnection } from "@npws/pool";
import { createHash } from "node:crypto";

/** Sends back everything that arrives, and then ends. Resolves with the SHA-256 of what arrived, as hex digits. */
export async function echo({ readable, writable }: Pick<PoolConnection, "readable" | "writable">): Promise<string> {
  const hash = createHash("sha256");
  const writer = writable.getWriter();
  for await (const chunk of readable) {
    hash.update(chunk);
    // It resolves when flow control has accepted the bytes: if the client does not read, this side stops reading too.
    await writer.write(chunk);
  }
  await writer.close();
  return hash.digest("hex");
}

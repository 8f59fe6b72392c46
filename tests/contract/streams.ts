import type { PoolConnection } from "@npws/pool";
import { concat } from "../websocket_frames.ts";

/** The bytes of a text, or of a list of numbers. */
export function bytes(content: string | number[]): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

/** This many bytes in a pattern that does not simply repeat. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(length);
  for (let index = 0; index < length; index++) content[index] = (index * 31) ^ (index >> 8) ^ (index >> 16);
  return content;
}

/** Writes once, and leaves `writable` unlocked. */
export async function write(
  { writable }: Pick<PoolConnection, "writable">,
  content: Uint8Array | string,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(typeof content === "string" ? bytes(content) : content);
  } finally {
    writer.releaseLock();
  }
}

/** Writes once, and ends `writable`. */
export async function writeAndClose(
  { writable }: Pick<PoolConnection, "writable">,
  content: Uint8Array | string,
): Promise<void> {
  const writer = writable.getWriter();
  writer.write(typeof content === "string" ? bytes(content) : content).catch(() => {}); // the close reports it
  await writer.close();
}

/** Reads to the end. */
export async function readAll({ readable }: Pick<PoolConnection, "readable">): Promise<Uint8Array> {
  return concat(...await Array.fromAsync(readable));
}

/** Reads to the end. */
export async function readText(connection: Pick<PoolConnection, "readable">): Promise<string> {
  return new TextDecoder().decode(await readAll(connection));
}

/** Reads exactly this many bytes, and leaves `readable` unlocked. */
export async function readExactly({ readable }: Pick<PoolConnection, "readable">, count: number): Promise<Uint8Array> {
  const reader = readable.getReader({ mode: "byob" });
  try {
    const { value } = await reader.read(new Uint8Array(count), { min: count });
    return value!;
  } finally {
    reader.releaseLock();
  }
}

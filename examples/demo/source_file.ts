import { createHash } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";

/** How many bytes of the file each reader holds in memory. */
const CHUNK_BYTES = 262_144;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** A file that is read in pieces, by several readers at once, and whose SHA-256 is known. */
export class SourceFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex digits. */
  readonly sha256: string;

  private constructor(path: string, bytes: number, sha256: string) {
    this.path = path;
    this.bytes = bytes;
    this.sha256 = sha256;
  }

  /**
   * Checks the file and reads it once.
   *
   * @throws {Error} It is not a regular file, is empty, or cannot be read.
   * @throws The signal's reason.
   */
  static async read(path: string, signal: AbortSignal): Promise<SourceFile> {
    const bytes = await regularFileBytes(path);
    const hash = createHash("sha256");
    for await (const chunk of chunksOf(path, bytes)) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
    return new SourceFile(path, bytes, hash.digest("hex"));
  }

  /** The file's bytes. A chunk is valid until the next one is requested. */
  chunks(): AsyncGenerator<Uint8Array> {
    return chunksOf(this.path, this.bytes);
  }
}

/** Checks before anything is opened: opening a pipe would wait for its writer. */
async function regularFileBytes(path: string): Promise<number> {
  const status = await stat(path).catch(explain(path));
  if (status.isDirectory()) throw new Error(`Cannot read ${path}: it is a directory`);
  if (!status.isFile()) throw new Error(`Cannot read ${path}: it is not a regular file`);
  if (status.size === 0) throw new Error(`Cannot move ${path}: it is empty`);
  return status.size;
}

async function* chunksOf(path: string, bytes: number): AsyncGenerator<Uint8Array> {
  await using file = await openToRead(path);
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let left = bytes; left > 0;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(left, CHUNK_BYTES)).catch(explain(path));
    if (bytesRead === 0) throw new Error(`Cannot read ${path}: it was truncated by ${left} bytes while being read`);
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  return await open(path).catch(explain(path));
}

/** The error in the demo's words. */
export function readFailure(path: string, error: Error & { code?: string }): Error {
  return new Error(`Cannot read ${path}: ${REASONS[error.code ?? ""] ?? error.message}`, { cause: error });
}

function explain(path: string): (error: Error) => never {
  return (error) => {
    throw readFailure(path, error);
  };
}

import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFailure, SourceFile } from "../../examples/demo/source_file.ts";
import { test } from "../harness.ts";

const { signal } = new AbortController();

async function withFile(content: Uint8Array, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "npws-demo-"));
  try {
    await writeFile(join(folder, "file"), content);
    await run(join(folder, "file"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function sizesOf(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const sizes: number[] = [];
  for await (const chunk of chunks) sizes.push(chunk.byteLength);
  return sizes;
}

test("SourceFile.read() tells the size and the SHA-256, and chunks() gives the file in pieces", async () => {
  const content = Uint8Array.from({ length: 600_000 }, (_, index) => index % 251);
  await withFile(content, async (path) => {
    const file = await SourceFile.read(path, signal);
    assertEquals([file.path, file.bytes], [path, 600_000]);
    assertEquals(file.sha256, createHash("sha256").update(content).digest("hex"));
    assertEquals(await sizesOf(file.chunks()), [262_144, 262_144, 75_712]);
  });
});

test("SourceFile.read() refuses what is no file with content", async () => {
  const refuse = (path: string, why: string) =>
    assertRejects(() => SourceFile.read(path, signal), Error, `Cannot ${why}`);
  await refuse("/does/not/exist", "read /does/not/exist: no such file");
  await refuse(tmpdir(), `read ${tmpdir()}: it is a directory`);
  await refuse("/dev/null", "read /dev/null: it is not a regular file");
  await withFile(new Uint8Array(), (path) => refuse(path, `move ${path}: it is empty`).then(() => {}));
});

test("SourceFile.read() rejects with the signal's reason", async () => {
  await withFile(new Uint8Array(1), async (path) => {
    const error = await assertRejects(() => SourceFile.read(path, AbortSignal.abort(new Error("enough"))), Error);
    assertEquals(error.message, "enough");
  });
});

test("SourceFile.chunks() fails when the file has become shorter", async () => {
  await withFile(new Uint8Array(300_000), async (path) => {
    const file = await SourceFile.read(path, signal);
    await truncate(path, 290_000);
    await assertRejects(
      () => sizesOf(file.chunks()),
      Error,
      `Cannot read ${path}: it was truncated by 10000 bytes while being read`,
    );
  });
});

test("readFailure() says why a file cannot be read", () => {
  const message = (error: object) => readFailure("/x", Object.assign(new Error("EIO: i/o error"), error)).message;
  assertEquals(message({ code: "EACCES" }), "Cannot read /x: permission denied");
  assertEquals(message({ code: "EIO" }), "Cannot read /x: EIO: i/o error");
});

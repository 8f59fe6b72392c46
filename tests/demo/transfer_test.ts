import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { echo } from "../../examples/demo/echo.ts";
import { Transfer } from "../../examples/demo/transfer.ts";
import { test } from "../harness.ts";

const content = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
const sha256 = createHash("sha256").update(content).digest("hex");
const file = {
  bytes: content.byteLength,
  sha256,
  async *chunks() {
    for (let start = 0; start < content.byteLength; start += 30_000) yield content.slice(start, start + 30_000);
  },
};

type Change = (chunk: Uint8Array<ArrayBuffer>, controller: TransformStreamDefaultController) => void;

const keep: Change = (chunk, controller) => controller.enqueue(chunk);

const flipOneBit: Change = (chunk, controller) => {
  if (chunk[0] === 30_000 % 251) chunk[0] ^= 1;
  controller.enqueue(chunk);
};

const loseAll: Change = () => {};

/** Runs a transfer over in-memory streams that can modify the bytes in either direction. */
async function run({ there = keep, back = keep }: { there?: Change; back?: Change }): Promise<Transfer> {
  const stop = new AbortController();
  const wayThere = new TransformStream<Uint8Array<ArrayBuffer>>({ transform: there });
  const wayBack = new TransformStream<Uint8Array<ArrayBuffer>>({ transform: back });
  const connection = {
    id: "0a1b2c3d",
    readable: wayBack.readable,
    writable: wayThere.writable as WritableStream<Uint8Array>,
    abort() {},
    async [Symbol.asyncDispose]() {},
  };
  const arrived = echo({ readable: wayThere.readable, writable: wayBack.writable as WritableStream<Uint8Array> });
  const transfer = new Transfer(7, file, stop.signal);
  await transfer.connect(() => Promise.resolve(connection));
  await transfer.run(() => arrived);
  return transfer;
}

test("Transfer.run() verifies a file that arrived and came back as it is", async () => {
  const { id, isVerified, totalBytes, sentBytes, returnedBytes } = await run({});
  assertEquals({ id, isVerified, totalBytes, sentBytes, returnedBytes }, {
    id: "0a1b2c3d",
    isVerified: true,
    totalBytes: 100_000,
    sentBytes: 100_000,
    returnedBytes: 100_000,
  });
});

test("Transfer.run() rejects when one bit has changed on the way there", async () => {
  const error = await assertRejects(() => run({ there: flipOneBit }), Error, "Cannot verify connection 7 (0a1b2c3d)");
  assertEquals(error.message.includes("what arrived at the server"), true);
});

test("Transfer.run() rejects when one bit has changed on the way back", async () => {
  const error = await assertRejects(() => run({ back: flipOneBit }), Error, "Cannot verify connection 7 (0a1b2c3d)");
  assertEquals(error.message.includes("what came back"), true);
});

test("Transfer.run() rejects when nothing comes back", async () => {
  const error = await assertRejects(() => run({ back: loseAll }), Error, "Cannot verify connection 7 (0a1b2c3d)");
  assertEquals(error.message.includes(`that of the file is ${sha256}`), true);
});

import fc from "fast-check";
import { MAX_CONTROL_BYTES } from "../../src/link/control.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { bundleOf } from "./bundle_bytes.ts";

const code = fc.constantFrom(0, 1, 2, 3);
const count = fc.oneof(fc.nat(20), fc.nat(200_000), fc.constant(Number.MAX_SAFE_INTEGER));
const reason = fc.oneof(
  fc.constant(""),
  fc.constant(" why"),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((s) => ` ${s}`),
);
const id = fc.constantFrom("00000000", "00000001", "0000000b", "ffffffff");
const base64url = fc.uint8Array({ maxLength: 30 }).map((bytes) =>
  bytes.toBase64({ alphabet: "base64url", omitPadding: true })
);

/** Messages by the columns of the state table; `idle` both as the server and as the client sends it. */
export const textsByColumn: Readonly<Record<string, fc.Arbitrary<string>>> = {
  take: fc.constant("take"),
  open: fc.oneof(fc.constant("open"), base64url.map((text) => `open ${text}`)),
  ok: fc.constant("ok"),
  no: fc.constant("no"),
  credit: count.map((n) => `credit ${n}`),
  fin: fc.constant("fin"),
  reset: fc.tuple(code, reason).map(([code, reason]) => `reset ${code}${reason}`),
  stop: fc.tuple(code, reason).map(([code, reason]) => `stop ${code}${reason}`),
  idle: fc.oneof(fc.constant("idle"), id.map((id) => `idle ${id}`)),
  want: count.map((n) => `want ${n}`),
  ping: count.map((n) => `ping ${n}`),
  pong: count.map((n) => `pong ${n}`),
};

const aText = fc.oneof(...Object.values(textsByColumn));

/** A hello of either side, in which any member may have a wrong value. */
export const hello: fc.Arbitrary<string> = fc.record({
  npws: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>(2) }, fc.jsonValue()),
  id: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>("0000000c") }, fc.jsonValue()),
  window: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1_000, max: 2 ** 24 }) as fc.Arbitrary<unknown> },
    fc.jsonValue(),
  ),
  pool: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>("00112233aabbccdd") }, fc.jsonValue()),
  name: fc.oneof(fc.constant<unknown>("edge-7"), fc.string(), fc.jsonValue()),
  bundles: fc.oneof(fc.constant<unknown>(true), fc.jsonValue()),
  __proto__: fc.jsonValue(),
}, { requiredKeys: [] }).map((members) => JSON.stringify(members));

/** A text after up to three edits, each of which may insert, remove or replace characters. */
export const mutated = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1), anyText(3)), { maxLength: 3 })).map((
    [text, edits],
  ) =>
    edits.reduce((text, [at, removed, inserted]) => {
      const place = text.length === 0 ? 0 : at % text.length;
      return text.slice(0, place) + inserted + text.slice(place + removed);
    }, text)
  );

/** Arbitrary text, except lone surrogates, which cannot arrive over a socket. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(fc.string({ maxLength }), fc.string({ unit: "binary", maxLength })).map((text) => text.toWellFormed());

/** Data of up to `maxBytes` bytes. */
export const data = (maxBytes: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.integer({ min: 1, max: maxBytes }).map((length) => new Uint8Array(length).fill(0x2a));

/** Messages that no honest peer would send. */
export const nonsense: fc.Arbitrary<Message> = fc.oneof(
  mutated(aText),
  aText,
  hello,
  mutated(hello),
  anyText(30),
  fc.constantFrom("x".repeat(MAX_CONTROL_BYTES), `reset 1 ${"€".repeat(2_000)}`, ""),
  data(70_000),
);

/** Messages in one bundle, which may be empty. */
export const bundled = (message: fc.Arbitrary<Message>): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.array(message, { maxLength: 8 }).map((messages) => bundleOf(...messages));

/** Bytes with a few of them inserted, left out or replaced. */
const mutatedBytes = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.tuple(bytes, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.uint8Array({ maxLength: 3 })), { maxLength: 3 })).map((
    [bytes, edits],
  ) =>
    edits.reduce((bytes, [at, removed, inserted]) => {
      const place = at % (bytes.length + 1);
      return Uint8Array.of(...bytes.subarray(0, place), ...inserted, ...bytes.subarray(place + removed));
    }, Uint8Array.from(bytes))
  );

/** Messages that no honest peer would send on a link with bundles. */
export const nonsenseInBundles: fc.Arbitrary<Message> = fc.oneof(
  nonsense,
  bundled(nonsense),
  mutatedBytes(bundled(fc.oneof(aText, data(300)))),
  mutatedBytes(bundled(fc.constantFrom("ping 1", "pong 1", "credit 1"))),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
);

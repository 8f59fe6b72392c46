import { assertEquals } from "@std/assert";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { TokenList } from "../../src/admission/admission.ts";
import { test } from "../harness.ts";
import { sourceFiles, withoutText } from "../source_file.ts";

const TOKENS = ["first-token", "second"];

/** The lengths of the values compared for a header, in order, and whether it is accepted. */
function compared(header: string): { lengths: number[][]; isAccepted: boolean } {
  const lengths: number[][] = [];
  const tokens = new TokenList(TOKENS, (a, b) => {
    lengths.push([a.length, b.length]);
    return timingSafeEqual(a, b);
  });
  const isAccepted = tokens.accepts(header);
  return { lengths, isAccepted };
}

test("a token is compared with each one that is accepted, in full, whatever it is", () => {
  const presented: Record<string, boolean> = {
    "first-token": true,
    second: true,
    "first-tokem": false,
    "xirst-token": false,
    f: false,
    "first-token-and-more": false,
    secondx: false,
    ["x".repeat(10_000)]: false,
  };
  for (const [token, isAccepted] of Object.entries(presented)) {
    assertEquals(compared(`Bearer ${token}`), { lengths: [[11, 11], [6, 6]], isAccepted }, token.slice(0, 20));
  }
});

test("what compares tokens is timingSafeEqual of @std/crypto, and nothing else sees the header", () => {
  const files = sourceFiles();
  const admission = files.find(({ path }) => path === "src/admission/admission.ts")!;
  assertEquals(admission.packages, ["@std/crypto/timing-safe-equal"]);
  const code = withoutText(admission.code).replaceAll(/\s+/g, " ");
  assertEquals(/import \{ (\w+) \} from "";/.exec(code)?.[1], "timingSafeEqual");
  assertEquals(/isEqual: Comparison = (\w+)\)/.exec(code)?.[1], "timingSafeEqual");
  const made = files.flatMap(({ code }) => code.match(/new TokenList\(.*/g) ?? []);
  assertEquals(made, ["new TokenList(tokens.map((token) => checkToken(reader, must, token)));"]);
  const readers = files.flatMap(({ path, code }) =>
    [...code.matchAll(/.*headers\.get\("authorization"\).*/gi)].map(() => path)
  );
  assertEquals(readers, ["src/pool/server_pool.ts"]);
});

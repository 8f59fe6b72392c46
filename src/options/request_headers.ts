import { describe, describeType } from "../describe.ts";
import { checkToken, TOKEN_MUST } from "./bearer_token.ts";
import type { OptionReader } from "./option_reader.ts";

/** Headers that the WebSocket handshake, or HTTP itself, sets. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const MUST = "a plain object, a Headers object or a list of [name, value] pairs";

/**
 * Reads the headers that each dial sends, `headers` and `token` combined, with lower-case names. No message shows a value.
 *
 * @throws {TypeError} A header that is not valid or not allowed, or a token combined with an Authorization header.
 */
export function readRequestHeaders(reader: OptionReader): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const [name, value] of headerPairs(reader)) {
    const key = checkName(reader, name);
    const text = checkValue(reader, name, value);
    const earlier = headers.get(key);
    headers.set(key, earlier === undefined ? text : `${earlier}, ${text}`);
  }
  const token = reader.value("token");
  if (token !== undefined) {
    if (headers.has("authorization")) {
      throw new TypeError(reader.message("token cannot be combined with an Authorization header in headers"));
    }
    headers.set("authorization", `Bearer ${checkToken(reader, TOKEN_MUST, token)}`);
  }
  return Object.freeze(Object.fromEntries(headers));
}

function headerPairs(reader: OptionReader): [unknown, unknown][] {
  const headers = reader.value("headers");
  if (headers === undefined) return [];
  if (typeof headers !== "object" || headers === null) throw reader.wrongSecret("headers", MUST);
  if (!(Symbol.iterator in headers)) {
    if (isPlain(headers)) return Object.entries(headers);
    throw reader.wrongSecret("headers", MUST);
  }
  return Array.from(headers as Iterable<unknown>, (pair) => {
    if (Array.isArray(pair) && pair.length === 2) return [pair[0], pair[1]];
    throw reader.unfit("headers", MUST, `a list containing ${describeType(pair)}`);
  });
}

/** Whether an object is a literal, also one of another realm: others, like a Date, have no headers of their own. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkName(reader: OptionReader, name: unknown): string {
  if (typeof name !== "string") throw reader.unfit("headers", MUST, `${describeType(name)} as a name`);
  const [valid] = /^[A-Za-z0-9!#$%&'*+.^_`|~-]*/.exec(name)!;
  if (valid === "" || valid !== name) {
    // What follows may be a misplaced value: "Authorization: Bearer …".
    throw new TypeError(reader.message(`headers must have valid names, got ${describe(`${valid}…`)}`));
  }
  const key = name.toLowerCase();
  if (!RESERVED.has(key) && !key.startsWith("sec-websocket-")) return key;
  throw new TypeError(reader.message(`headers must not have ${describe(name)}, which the handshake sets`));
}

/** RFC 9110 section 5.5; no surrounding white space, because it would not reach the server. */
function checkValue(reader: OptionReader, name: unknown, value: unknown): string {
  if (
    typeof value === "string" &&
    /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/.test(value)
  ) {
    return value;
  }
  const got = typeof value === "string" ? "a string with characters not allowed in a header" : describeType(value);
  throw new TypeError(reader.message(`headers must have valid values, got ${got} for ${describe(name)}`));
}

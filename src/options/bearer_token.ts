import { describeType } from "../describe.ts";
import type { OptionReader } from "./option_reader.ts";

/** What a bearer token may consist of: it must fit into a header unchanged. */
export const TOKEN_MUST = "printable ASCII without spaces";

/** Checks one token of the option `token`. The error reveals nothing of it. */
export function checkToken(reader: OptionReader, must: string, token: unknown): string {
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
  const isText = typeof token === "string" && token !== "";
  throw reader.unfit("token", must, isText ? "a string with other characters" : describeType(token));
}

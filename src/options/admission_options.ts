import { AddressList, parseRange } from "../admission/address_list.ts";
import { TokenList } from "../admission/admission.ts";
import { checkToken, TOKEN_MUST } from "./bearer_token.ts";
import type { OptionReader } from "./option_reader.ts";

/** Reads IP addresses and CIDR ranges; undefined when they were not given. */
export function readAddresses(
  reader: OptionReader,
  name: "allow" | "trustedProxies",
  { orNone = false } = {},
): AddressList | undefined {
  const must = `an IP address or CIDR range, or a ${orNone ? "" : "non-empty "}list of them`;
  const texts = reader.texts(name, must, { orOne: true, orNone });
  return texts && new AddressList(texts.map((text) => {
    const range = parseRange(text);
    if (!range) throw reader.wrong(name, must, text);
    return range;
  }));
}

/** Reads the tokens that a server accepts; undefined when none was given. */
export function readTokens(reader: OptionReader): TokenList | undefined {
  const must = `${TOKEN_MUST}, or a non-empty list of such strings`;
  const tokens = reader.texts("token", must, { orOne: true });
  return tokens && new TokenList(tokens.map((token) => checkToken(reader, must, token)));
}

/** Reads the origins of web pages that may connect. */
export function readOrigins(reader: OptionReader): readonly string[] {
  const must = `a list of origins as browsers send them, like "https://example.com"`;
  const origins = reader.texts("origins", must, { orNone: true }) ?? [];
  for (const origin of origins) if (!isOrigin(origin)) throw reader.wrong("origins", must, origin);
  return Object.freeze([...origins]);
}

/** Scheme, host and port as RFC 6454 spells them: any other spelling would never match. Extensions have their own schemes. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+$/.test(text) || !URL.canParse(text)) return false;
  const { origin } = new URL(text);
  return origin === text || origin === "null";
}

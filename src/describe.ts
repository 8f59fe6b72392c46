/** How much of a text a message quotes. */
const QUOTED_LENGTH = 64;

/** How much of a text written by somebody else a message shows. */
const FOREIGN_LENGTH = 256;

/** Control and format characters, line separators, and unpaired surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Describes a value for an error message: strings quoted and truncated, numbers as they are, everything else by its type only.
 * PEM text is not quoted either, wherever it was passed by mistake: it may be a key.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.includes("-----BEGIN ") ? "PEM text" : quote(value);
    case "bigint":
      return `${value}n`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    default:
      return describeType(value);
  }
}

/** Describes only the type of a value, and reveals nothing of its content: for tokens, keys and header values. */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  if (value === "") return "an empty string";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name && name !== "Object" ? `an instance of ${name}` : "an object";
}

/** A URL, absolute or not, as messages show it: without credentials and query, which may be secret. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*/s, (rest) => `${rest[0]}…`).replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, "$1//…@");
}

/**
 * Text written by somebody else, such as a peer or a server's certificate, made safe for a message: truncated, on one line, and
 * without characters that could forge a log line, change what a terminal shows, or reverse its direction.
 */
export function printable(text: string): string {
  const shown = text.length > FOREIGN_LENGTH ? `${text.slice(0, FOREIGN_LENGTH)}…` : text;
  return shown.replaceAll(UNPRINTABLE, "\ufffd");
}

/** The peer's reason as the end of a message: " (…)", or nothing if it gave none. */
export function inParentheses(reason: string): string {
  return reason && ` (${printable(reason)})`;
}

/** What went wrong, from any value that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : describe(error);
}

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text);
}

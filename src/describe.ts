/** How much of a text a message quotes. */
const QUOTED_LENGTH = 64;

/** How much of a text that somebody else wrote a message shows. */
const FOREIGN_LENGTH = 256;

/** Control and format characters, line ends, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Says in an error message what a value is: texts quoted and cut, numbers as they are, everything else by its type alone. PEM
 * text is not quoted either, wherever it was put by mistake: it may be a key.
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

/** Says what type a value is and nothing of what is in it: for tokens, keys and header values. */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  if (value === "") return "an empty string";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name && name !== "Object" ? `an instance of ${name}` : "an object";
}

/** A URL as messages show it: its query may hold a secret. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*/s, (rest) => `${rest[0]}…`);
}

/**
 * What somebody else wrote, a peer or the certificate of a server, as it can stand in a message: cut, on one line, and without
 * what could forge a line of a log, change what a terminal shows, or turn its direction.
 */
export function printable(text: string): string {
  const shown = text.length > FOREIGN_LENGTH ? `${text.slice(0, FOREIGN_LENGTH)}…` : text;
  return shown.replaceAll(UNPRINTABLE, "\ufffd");
}

/** What a peer gave as its reason, as it ends a message: " (…)", or nothing where it gave none. */
export function inParentheses(reason: string): string {
  return reason && ` (${printable(reason)})`;
}

/** What went wrong, by any value that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : describe(error);
}

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text);
}

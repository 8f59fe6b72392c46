/** How much of a text is shown. */
const MAX_LENGTH = 1_000;

/** Control and format characters, line ends, and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Makes a text safe for one line of a log or terminal, whoever wrote it. */
export function oneLine(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return shown.replaceAll(UNPRINTABLE, "\ufffd");
}

/** How much of a text is shown. */
const MAX_LENGTH = 1_000;

/** Control and format characters, line ends, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text as it can stand on one line of a log or terminal, whoever wrote it. */
export function oneLine(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return shown.replaceAll(UNPRINTABLE, "\ufffd");
}

import { LiveLines } from "./live_lines.ts";
import { PlainLines } from "./plain_lines.ts";
import type { Transfer } from "./transfer.ts";

/** Where the demo writes; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The part of a transfer that is shown. */
export type TransferState = Pick<
  Transfer,
  "number" | "id" | "totalBytes" | "sentBytes" | "returnedBytes" | "elapsedMs" | "isVerified"
>;

const UPDATE_MS = 100;

/** Shows the progress of the transfers until it is disposed: live lines on a terminal, else a line for each quarter. */
export function showProgress(transfers: readonly TransferState[], output: Output): Disposable {
  const lines = output.isTTY ? new LiveLines(transfers, output) : new PlainLines(transfers, output);
  lines.update();
  const timer = setInterval(() => lines.update(), UPDATE_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      lines.update();
    },
  };
}

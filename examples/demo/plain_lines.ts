import { formatDuration, formatRate } from "./format.ts";
import type { Output, TransferState } from "./progress.ts";

/** A line for each completed quarter of each transfer, for files and pipes. */
export class PlainLines {
  readonly #transfers: readonly TransferState[];
  readonly #output: Output;
  /** What was last reported for each transfer: how many quarters were back, and 4 when it was verified. */
  readonly #told = new Map<TransferState, number>();

  constructor(transfers: readonly TransferState[], output: Output) {
    this.#transfers = transfers;
    this.#output = output;
  }

  update(): void {
    for (const transfer of this.#transfers) {
      const step = stepOf(transfer);
      if (step <= (this.#told.get(transfer) ?? 0)) continue;
      this.#told.set(transfer, step);
      this.#output.write(`Connection ${transfer.number} (${transfer.id}): ${describe(transfer)}\n`);
    }
  }
}

function stepOf({ isVerified, returnedBytes, totalBytes }: TransferState): number {
  return isVerified ? 4 : Math.min(3, Math.floor(4 * returnedBytes / totalBytes));
}

function describe({ isVerified, returnedBytes, totalBytes, elapsedMs }: TransferState): string {
  if (isVerified) return `SHA-256 verified after ${formatDuration(elapsedMs)}`;
  return `${Math.floor(100 * returnedBytes / totalBytes)} % back, ${formatRate(returnedBytes, elapsedMs)}`;
}

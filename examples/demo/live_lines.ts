import process from "node:process";
import { formatDuration, formatRate } from "./format.ts";
import type { Output, TransferState } from "./progress.ts";

const MAX_BAR_COLUMNS = 40;
const MIN_BAR_COLUMNS = 5;
const RATE_COLUMNS = 9;

/** One line for each transfer, redrawn in the same place of a terminal. */
export class LiveLines {
  readonly #transfers: readonly TransferState[];
  readonly #output: Output;
  #drawnLines = 0;

  constructor(transfers: readonly TransferState[], output: Output) {
    this.#transfers = transfers;
    this.#output = output;
  }

  update(): void {
    const lines = this.#lines();
    const back = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : "";
    this.#output.write(back + lines.map((line) => `\r${line}\x1b[K\n`).join(""));
    this.#drawnLines = lines.length;
  }

  /** As many lines as fit on the screen: the cursor cannot go back to a line that has scrolled off. */
  #lines(): string[] {
    const { columns, rows } = this.#output;
    const all = this.#transfers;
    const shown = all.length < (rows || 24) ? all : all.slice(0, Math.max(1, (rows || 24) - 2));
    const lines = shown.map((transfer) => describe(transfer, String(all.length).length, (columns || 80) - 1));
    if (shown.length < all.length) lines.push(`… and ${all.length - shown.length} more`);
    return lines;
  }
}

function describe(transfer: TransferState, numberColumns: number, columns: number): string {
  const head = `${String(transfer.number).padStart(numberColumns)} ${transfer.id ?? "--------"}`;
  const share = transfer.returnedBytes / transfer.totalBytes;
  const tail = `${String(Math.floor(share * 100)).padStart(3)} %  ${describeState(transfer)}`;
  const barColumns = Math.min(MAX_BAR_COLUMNS, columns - head.length - tail.length - 2);
  if (barColumns < MIN_BAR_COLUMNS) return `${head} ${tail}`.slice(0, columns);
  return `${head} ${bar(share, barColumns, transfer.isVerified ? GREEN : CYAN)} ${tail}`;
}

/** Has the same length in every state, so that the bar has, too. */
function describeState({ id, isVerified, sentBytes, returnedBytes, elapsedMs }: TransferState): string {
  const [there, back] = [sentBytes, returnedBytes].map((bytes) => formatRate(bytes, elapsedMs).padStart(RATE_COLUMNS));
  const rates = `↑ ${there}  ↓ ${back}`;
  if (isVerified) return `verified in ${formatDuration(elapsedMs)}`.padEnd(rates.length);
  return id === undefined ? "waiting".padEnd(rates.length) : rates;
}

const CYAN = 36;
const GREEN = 32;
const GRAY = 90;

function bar(share: number, columns: number, color: number): string {
  const done = Math.floor(share * columns);
  return paint("━".repeat(done), color) + paint("─".repeat(columns - done), GRAY);
}

function paint(text: string, color: number): string {
  return process.env.NO_COLOR ? text : `\x1b[${color}m${text}\x1b[0m`;
}

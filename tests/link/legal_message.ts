import fc from "fast-check";
import type { Role } from "../../src/link/metered_link.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { data, textsByColumn } from "./fuzz_messages.ts";
import { stateTables } from "./state_table.ts";

/** A random message that the state table allows: `choice` selects the column. */
export interface LegalChoice {
  readonly choice: number;
  /** The text to send, by column. */
  readonly texts: Readonly<Record<string, string>>;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A choice that fits any row. */
export const legalChoice: fc.Arbitrary<LegalChoice> = fc.tuple(
  fc.nat(),
  fc.record({ ...textsByColumn }),
  data(1_000),
).map(([choice, texts, data]) => ({ choice, texts, data }));

/** The message that was chosen, for a side in this row; undefined where nothing more can arrive. */
export function legalMessage(role: Role, row: string, { choice, texts, data }: LegalChoice): Message | undefined {
  const cells = stateTables[role].get(row);
  if (!cells) return undefined; // closed
  const columns = [...cells].filter(([column, cell]) => cell !== "V" && column !== "close" && column !== "hello");
  const [column] = columns[choice % columns.length];
  if (column === "data") return data.slice();
  if (column === "idle") return role === "client" ? "idle 0000000b" : "idle";
  return texts[column];
}

import { printable } from "../describe.ts";
import { ConnectionResetError } from "../errors.ts";

/** What a direction breaks with that the peer has given up, or does not want. */
export function resetError(id: string, what: "read" | "write", code: number, reason: string): ConnectionResetError {
  const text = reason ? ` (${printable(reason)})` : "";
  const by = what === "read" ? "the peer gave its direction up" : "the peer does not want more";
  return new ConnectionResetError(`Cannot ${what} connection ${id}: ${by}, code ${code}${text}`, code, reason);
}
